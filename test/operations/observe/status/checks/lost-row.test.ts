import { expect, test } from "vitest";
import { judge } from "../../../../../operations/observe/status/judge";
import { someSnapshot } from "../some-snapshot";

test("a node whose row was deleted is put back, and nothing says to add it or to sync before that", () => {
  const recorded = someSnapshot().nodes[1]?.recorded;
  const lostRows = [{ groupid: 1, shards: 16, recorded: { ...recorded, id: "server-b/worker1" } as never }];
  const changes = {
    worker1: { registered: null, state: null },
    worker2: { state: { metadata_digest: "of before" } },
  };
  const found = judge(someSnapshot(changes, { lostRows })).filter(({ severity }) => severity !== "advice");
  expect(found.map(({ check, node }) => `${check} ${node}`)).toEqual(["lost-row server-b/worker1"]);
  expect(found[0]?.remedy).toMatch(/^on the coordinator: INSERT INTO pg_dist_node .* VALUES \(2, 1, /);
});

test("one that no run has registered is known to its former fellows only", () => {
  const [finding] = judge(someSnapshot({}, { lostRows: [{ groupid: 9, shards: 2 }] }));
  expect(finding).toMatchObject({ severity: "broken", check: "lost-row" });
  expect(finding?.remedy).toContain("SELECT * FROM pg_dist_node WHERE groupid = 9");
});
