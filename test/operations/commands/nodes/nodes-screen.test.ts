import { expect, it } from "vitest";
import { nodesScreen } from "../../../../operations/commands/nodes/command";
import type { Fault } from "../../../../operations/base/finding";
import { someSnapshot } from "../../observe/status/some-snapshot";
import { plain, show } from "../some-nodes";

const SNAPSHOT = someSnapshot({
  worker1: { registered: { isactive: false }, declared: false },
  worker2: { state: { server_id: "another" } },
});

const FINDINGS: readonly Fault[] = [
  {
    ...{ severity: "broken", check: "identity", node: "server-c/worker1" },
    what: "another server answers at 10.0.0.3:5432",
    remedy: "bring the volume back, or correct the address",
  },
  {
    ...{ severity: "warning", check: "membership", node: "server-b/worker1" },
    what: "it is registered (10.0.0.2:5432, node 2), but not in the environment",
    remedy: "put it into the environment",
  },
];

it.each([Infinity, 80])("nodes, in %d columns", (width) => {
  expect(show(nodesScreen(SNAPSHOT, FINDINGS, plain, width))).toMatchSnapshot();
});

it("nodes, where nothing is wrong", () => {
  const snapshot = someSnapshot();
  expect(show(nodesScreen(snapshot, [], plain, 80))).toMatchSnapshot();
});
