import { expect, test } from "vitest";
import type { ClusterNode } from "../../../../model/cluster";
import { requireWipeable } from "../../../../operations/change/registration/newcomer-holdings";
import type { NodeFacts } from "../../../../operations/cluster/nodes/node-facts";
import type { Session } from "../../../../operations/cluster/connection/session";
import { someCluster } from "../../../fixtures/some-cluster";

const cluster = someCluster();
const worker = cluster.nodes.find(({ role }) => role === "worker") as ClusterNode;

const FORMER = { groupid: 3, recovery: false, host: "10.9.9.9", port: 5432, others: 0 };

/** What the server says of itself, and what it hears of the coordinator that it knows. */
function wiping(standing: object, heard: object = {}) {
  const rows = (statement: string, values: readonly unknown[] = []): object[] => {
    if (statement.includes("master_run_on_worker")) {
      const asked = String((values[2] as string[])[0]);
      return [
        { success: true, result: JSON.stringify(asked.includes("master_run_on_worker") ? heard : standing) },
      ];
    }
    return statement.includes("FROM pg_dist_node_metadata") ? [{ server_id: "coordinator" }] : [];
  };
  const session = { place: cluster, query: async (...args: Parameters<typeof rows>) => rows(...args) };
  const facts = { cluster_name: "", server_id: "its" } as NodeFacts;
  return requireWipeable(session as unknown as Session, cluster, worker, facts);
}

test.each<[string, object, object | undefined, RegExp]>([
  ["a standby", { ...FORMER, groupid: 0, recovery: true }, undefined, /is a standby of another server/],
  [
    "a worker whose coordinator can't be asked",
    FORMER,
    { success: false, result: "connection refused" },
    /10\.9\.9\.9:5432, which can't confirm it \(connection refused\)/,
  ],
  [
    "a worker whose coordinator lists it",
    FORMER,
    { success: true, result: '{"members": 1, "shards": 4, "assigned": 5}' },
    /is a worker of the cluster at 10\.9\.9\.9:5432/,
  ],
  [
    "a worker whose coordinator has its shards and only no row of it",
    FORMER,
    { success: true, result: '{"members": 0, "shards": 4, "assigned": 5}' },
    /the cluster at 10\.9\.9\.9:5432 has 4 shards on it \(group 3\) and lacks only its row/,
  ],
])("%s is not wiped", async (_name, standing, heard, why) => {
  await expect(wiping(standing, heard)).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(why) as string,
  });
});

test("a worker is that its coordinator has removed", async () => {
  await wiping(FORMER, { success: true, result: '{"members": 0, "shards": 0, "assigned": 5}' });
});
