import { expect, it } from "vitest";
import { connectionsScreen } from "../../../../operations/commands/connections/command";
import { plain, show, someAnswers } from "../some-nodes";

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

it("connections by application, where a long name would not fit the terminal", () => {
  const application = "a-service-with-a-name-as-long-as-postgresql-keeps-names-63-bytes";
  const lines = connectionsScreen(
    someAnswers({ ...USED, applications: [{ application, user: "shop", count: 8 }] }),
    true,
    plain,
    80,
  );
  expect(lines[1]).toHaveLength(80);
  expect(lines[1]).toMatch(/^server-a\/coordinator {2}a-service-with-a-name-.*… {2}shop {2,}8$/);
});
