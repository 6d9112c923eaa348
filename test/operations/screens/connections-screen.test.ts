import { expect, it } from "vitest";
import { connectionsScreen } from "../../../operations/commands/connections";
import { plain, show, someAnswers } from "./some-nodes";

const USED = { max: 100, used: 12, active: 3, idle: 8, idleInTransaction: 1, internal: 4 };
const APPLICATIONS = [
  { application: "shop-api", user: "shop", count: 8 },
  { application: "", user: "ada", count: 4 },
];

const ASKED = someAnswers(
  { ...USED, applications: APPLICATIONS },
  { ...USED, used: 97, applications: [{ application: "citus_internal", user: "postgres", count: 97 }] },
);

it.each([Infinity, 60])("connections, in %d columns, with a node that doesn't answer", (width) => {
  expect(show(connectionsScreen(ASKED, false, plain, width))).toMatchSnapshot();
});

it("connections by application", () => {
  expect(show(connectionsScreen(ASKED, true, plain, 80))).toMatchSnapshot();
});
