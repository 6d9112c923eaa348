import { expect, test } from "vitest";
import { type ClusterNode, describeCluster } from "../../../../model/cluster";
import type { RecordedNode } from "../../../../operations/cluster/nodes/recorded";
import { decideWorkers } from "../../../../operations/change/registration/decide";
import type { Situation } from "../../../../operations/change/registration/situation";
import type { NodeFacts } from "../../../../operations/cluster/nodes/node-facts";
import type { RegisteredNode } from "../../../../operations/cluster/nodes/registered";
import { render } from "../../../../operations/base/remedy";

const [, worker] = describeCluster({
  name: "test",
  hosts: { a: { connection: "unix:///var/run/docker.sock" } },
  coordinator: { host: "a" },
  workers: { a: 1 },
}).nodes as [ClusterNode, ClusterNode];

const EMPTY: NodeFacts = {
  groupid: 0,
  server_id: "worker",
  citus: "13.0.3",
  extension: "13.0-1",
  postgres: "17.12",
  major: 17,
  wal_level: "logical",
  cluster_name: "",
  in_recovery: false,
  stand_in: false,
  tables: [],
  table_count: 0,
  authinfo: null,
  verifier: null,
  prepared: [],
};

const row = (change: Partial<RegisteredNode> = {}): RegisteredNode => ({
  nodeid: 2,
  groupid: 1,
  noderole: "primary",
  endpoint: worker.endpoint,
  isactive: true,
  metadatasynced: true,
  shouldhaveshards: true,
  ...change,
});

const recorded = (change: Partial<RecordedNode> = {}): RecordedNode => ({
  id: worker.id,
  nodeid: 2,
  groupid: 1,
  host: worker.endpoint.host,
  port: worker.endpoint.port,
  server_id: "worker",
  image: worker.image,
  settings: worker.settings,
  cpus: null,
  leaving: null,
  recorded_at: new Date(0),
  ...change,
});

interface Given {
  readonly facts?: Partial<NodeFacts>;
  readonly registered?: RegisteredNode[];
  readonly record?: RecordedNode[];
}

function decide({ facts = {}, registered = [], record = [] }: Given) {
  const situation: Situation = {
    cluster: "citus",
    place: { environment: "production", database: "postgres" },
    coordinator: { ...EMPTY, server_id: "coordinator" },
    workers: [{ node: worker, answer: { facts: { ...EMPTY, ...facts } } }],
    registered,
    record: new Map(record.map((node) => [node.id, node])),
  };
  const { decisions, findings } = decideWorkers(situation);
  return {
    action: decisions[0]?.action,
    found: findings.map(({ what }) => what),
    remedies: findings.map(({ remedy }) => render(remedy, "terraform")),
    refused: findings.some((f) => f.refused),
  };
}

test("a worker of a cluster that an empty coordinator doesn't know is never to be wiped", () => {
  const { found, refused } = decide({ facts: { groupid: 3 } });
  expect(found[0]).toMatch(
    /group 3\), and the coordinator knows none: the coordinator's volume was probably lost/,
  );
  expect(refused).toBe(true);
  const known = row({ nodeid: 9, groupid: 8, endpoint: { host: "other.internal", port: 5432 } });
  expect(decide({ facts: { groupid: 3 }, registered: [known] }).found[0]).toContain("it is not empty");
});

const elsewhere = { host: "old.internal", port: 5432 };

test.each<[string, Given, string]>([
  ["an empty server joins", {}, "add"],
  ["as recorded", { facts: { groupid: 1 }, registered: [row()], record: [recorded()] }, "keep"],
  [
    "registered by hand, or by a run that was killed",
    { facts: { groupid: 1 }, registered: [row()] },
    "adopt",
  ],
  [
    "the same server at another endpoint",
    { facts: { groupid: 1 }, registered: [row({ endpoint: elsewhere })], record: [recorded(elsewhere)] },
    "change-endpoint",
  ],
  [
    "removed and added again by hand: another node id, the same server",
    { facts: { groupid: 5 }, registered: [row({ nodeid: 9, groupid: 5 })], record: [recorded()] },
    "adopt",
  ],
  ["removed by hand and emptied: it joins again", { record: [recorded()] }, "add"],
  ["our own name for the server", { facts: { cluster_name: `citus ${worker.id} x:1` } }, "add"],
])("%s", (_what, given, action) => {
  expect(decide(given)).toEqual({ action, found: [], remedies: [], refused: false });
});

test.each<[string, Given, RegExp]>([
  [
    "tables of people",
    { facts: { table_count: 1, tables: ["public.t"] } },
    /1 table\(s\) of its own \(public\.t\)/,
  ],
  ["a worker of a cluster", { facts: { groupid: 3 } }, /is a worker of a cluster \(group 3\)/],
  ["a standby", { facts: { in_recovery: true } }, /standby/],
  ["an empty server where one is registered", { registered: [row()] }, /is empty, but group 1/],
  [
    "another server's data",
    { facts: { groupid: 7 }, registered: [row()], record: [recorded()] },
    /group 7 instead of 1/,
  ],
  [
    "another server of the same group",
    { facts: { groupid: 1, server_id: "twin" }, registered: [row()], record: [recorded()] },
    /server id twin instead of worker/,
  ],
  [
    "a new endpoint where another server answers",
    {
      facts: { groupid: 0, server_id: "of a new volume" },
      registered: [row({ endpoint: elsewhere })],
      record: [recorded(elsewhere)],
    },
    /is empty, but group 1/,
  ],
  ["the coordinator's own data", { facts: { server_id: "coordinator" } }, /same server as the coordinator/],
  [
    "a server that names itself otherwise",
    { facts: { cluster_name: "citus b/worker1 b:5432" } },
    /"citus b\/worker1 b:5432"/,
  ],
  [
    "a changed id on an endpoint that is still another node's",
    { registered: [row()], record: [recorded({ id: "a/oldname" })] },
    /still registered for a\/oldname/,
  ],
])("refused: %s", (_what, given, found) => {
  const result = decide(given);
  expect(result.action === undefined || result.found.length > 0).toBe(true);
  expect(result.found.join("\n")).toMatch(found);
  expect(result.refused).toBe(true);
});

test("remedies are commands that can be pasted: with the environment and the node", () => {
  expect(decide({ registered: [row()] }).remedies[0]).toContain(`npx pg-dist forget production ${worker.id}`);
  const foreign = { table_count: 1, tables: ["public.t"] };
  expect(decide({ facts: foreign }).remedies[0]).toContain(
    `\`npx pg-dist add production ${worker.id} --wipe\``,
  );
});

test("other versions and settings keep a worker out, and are only said of one that is in", () => {
  const other = { citus: "13.2.2", wal_level: "replica" };
  expect(decide({ facts: other }).found).toHaveLength(2);
  expect(
    decide({ facts: { ...other, groupid: 1 }, registered: [row()], record: [recorded()] }).found,
  ).toEqual([]);
});
