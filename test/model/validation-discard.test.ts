import { expect, test } from "vitest";
import { describeCluster } from "../../model/cluster";
import type { Environment } from "../../model/environment";
import { findProblems } from "../../model/validation/validation";

const environment = (discard: unknown): Environment => ({
  name: "production",
  hosts: { "server-a": { connection: "unix:///var/run/docker.sock" } },
  coordinator: { host: "server-a" },
  discard: discard as string[],
});

test.each<[unknown, string, RegExp]>([
  ["server-a/worker1", "discard", /must be a list/],
  [[1], "discard.0", /must be text/],
  [["worker1"], "discard.0", /"worker1" must be the id of a node, <host>\/<name>, e\.g\. server-a\/worker1/],
  [["server-a/a/b"], "discard.0", /must be the id of a node/],
  [["server-x/worker1"], "discard.0", /is on no host of this environment; known hosts: server-a/],
  [["server-a/worker1", "server-a/worker1"], "discard.1", /is listed twice/],
])("refuses %j", (discard, field, problem) => {
  expect(findProblems(environment(discard))).toEqual([
    expect.objectContaining({ field, problem: expect.stringMatching(problem) as unknown }),
  ]);
});

test("takes a worker that is no longer declared, and leaves the cluster's description as it is without any", () => {
  expect(findProblems(environment(["server-a/worker1"]))).toEqual([]);
  expect(describeCluster(environment(["server-a/worker1"])).discard).toEqual(["server-a/worker1"]);
  expect(describeCluster(environment([]))).not.toHaveProperty("discard");
});
