import { expect, it } from "vitest";
import { describeCluster } from "../../../../model/cluster";
import type { ServerFacts } from "../../../../operations/cluster/connection/target";
import { findDoubts } from "../../../../operations/cluster/nodes/doubts";
import { render } from "../../../../operations/base/remedy";

const CLUSTER = describeCluster({
  name: "production",
  cluster: "other",
  hosts: { a: { connection: "ssh://a", address: "10.0.0.1" } },
  coordinator: { host: "a" },
});
const FACTS: ServerFacts = {
  ...{ citus: "13.0.3", postgres: "17.2", groupid: 0, server_id: "1", in_recovery: false, stand_in: false },
  cluster_name: "other a/coordinator 10.0.0.1:5432",
};

function doubts(cluster_name: string): string[] {
  return findDoubts({ ...FACTS, cluster_name }, CLUSTER, new Map()).map(
    ({ what, remedy }) => `${what}: ${render(remedy, "person")}`,
  );
}

it("has no doubt of the coordinator that is meant, nor of one that somebody else started", () => {
  expect(doubts(FACTS.cluster_name)).toEqual([]);
  expect(doubts("")).toEqual([]);
});

it("names both clusters, as after a rename in the environment", () => {
  expect(doubts("citus a/coordinator 10.0.0.1:5432")).toEqual([
    "is the coordinator a/coordinator of cluster citus, not of cluster other: if the cluster was renamed in the environment, " +
      "name it citus again; otherwise check what this address leads to from here, or choose a way with --via",
  ]);
});

it("names another node, with its cluster where that is another one", () => {
  expect(doubts("citus b/worker1 10.0.0.2:5432")[0]).toMatch(
    /^is b\/worker1 of cluster citus, not the coordinator a\/coordinator of cluster other: check what/,
  );
  expect(doubts("other b/coordinator 10.0.0.2:5432")[0]).toMatch(
    /^is b\/coordinator, not the coordinator a\/coordinator of cluster other: check what/,
  );
});
