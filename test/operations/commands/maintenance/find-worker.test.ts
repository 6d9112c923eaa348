import { expect, it } from "vitest";
import { EXIT } from "../../../../operations/base/failure";
import { findWorker } from "../../../../operations/commands/maintenance/find-worker";
import type { RecordedNode } from "../../../../operations/cluster/nodes/recorded";
import { viewNodes } from "../../../../operations/cluster/nodes/view";
import { someCluster } from "../../../fixtures/some-cluster";

const cluster = someCluster();
const recorded = { id: "server-x/worker1", nodeid: 8 } as RecordedNode;
const record = new Map([[recorded.id, recorded]]);
const registered = [
  ...cluster.nodes.map(({ endpoint }, groupid) => ({ endpoint, groupid, nodeid: groupid + 1 })),
  { endpoint: { host: "10.0.0.8", port: 5432 }, groupid: 8, nodeid: 8 },
  { endpoint: { host: "10.0.0.9", port: 5432 }, groupid: 9, nodeid: 9 },
].map((node) => ({
  ...{ ...node, noderole: "primary" as const },
  ...{ isactive: true, metadatasynced: true, shouldhaveshards: true },
}));
const nodes = viewNodes({ cluster, record, registered });

const find = (name: string) => findWorker(cluster, record, nodes, name);

it.each([
  ["its id", "server-a/worker1", { id: "server-a/worker1" }],
  ["its short name", "worker1", { id: "server-a/worker1" }],
  ["the endpoint of a declared one", "citus-worker1:5432", { id: "server-a/worker1" }],
  ["the id of one that is only recorded", "server-x/worker1", { id: "server-x/worker1" }],
  ["the endpoint of one that is only recorded", "10.0.0.8:5432", { id: "server-x/worker1" }],
  [
    "the endpoint of one that was added by hand",
    "10.0.0.9:5432",
    { id: "10.0.0.9:5432", endpoint: { host: "10.0.0.9", port: 5432 } },
  ],
])("a worker is found by %s", (_title, name, worker) => {
  expect(find(name)).toEqual(worker);
});

it.each(["server-a/coordinator", "coordinator", "citus-coordinator:5432"])(
  "the coordinator is refused, by the name %s",
  (name) => {
    expect(() => find(name)).toThrow(
      expect.objectContaining({
        exitCode: EXIT.refused,
        summary: "server-a/coordinator is the coordinator",
      }) as Error,
    );
  },
);

it("an endpoint at which nothing is registered is a mistake", () => {
  expect(() => find("10.0.0.7:5432")).toThrow(expect.objectContaining({ exitCode: EXIT.usage }) as Error);
});
