import { expect, it } from "vitest";
import { nodesScreen } from "../../../operations/commands/nodes";
import { judgeNodes } from "../../../operations/status/judge";
import { someSnapshot } from "../status/some-snapshot";
import { plain, show } from "./some-nodes";

const SNAPSHOT = someSnapshot({
  worker1: { registered: { isactive: false }, declared: false },
  worker2: { state: { server_id: "another" } },
});

it.each([Infinity, 80])("nodes, in %d columns", (width) => {
  expect(show(nodesScreen(SNAPSHOT, judgeNodes(SNAPSHOT), plain, width))).toMatchSnapshot();
});
