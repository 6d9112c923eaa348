import { readFileSync } from "node:fs";
import type { Cluster, ClusterHost, ClusterNode } from "../../model/cluster";
import { clusterDigest } from "../../model/contract/cluster-file";
import { EXIT, Failure, oneLine } from "../base/failure";

/**
 * Reads the `cluster.json` that was synthesized beside the stack.
 *
 * @param expected the digest that was planned; without it any content is taken (people's commands)
 * @throws Failure when the file isn't there, isn't the planned one (refused), or isn't a cluster
 */
export function readCluster(path: string, expected?: string): Cluster {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new Failure(`can't read ${path}: ${oneLine(error)}`, "synthesize and plan again", { cause: error });
  }
  const digest = clusterDigest(content);
  if (expected !== undefined && expected !== digest) {
    throw new Failure(
      `${path} is not the one that was planned (its digest is ${digest}, planned was ${expected})`,
      "synthesize and plan again",
      { exitCode: EXIT.refused },
    );
  }
  return parseCluster(content.toString(), path);
}

function parseCluster(content: string, path: string): Cluster {
  let cluster: Cluster;
  try {
    cluster = JSON.parse(content) as Cluster;
  } catch (error) {
    throw new Failure(`${path} is not JSON: ${oneLine(error)}`, "synthesize again", { cause: error });
  }
  if (
    !Array.isArray(cluster.nodes) ||
    !Array.isArray(cluster.hosts) ||
    cluster.nodes[0]?.role !== "coordinator"
  ) {
    throw new Failure(`${path} does not describe a cluster`, "synthesize again");
  }
  // Most of Citus' functions do nothing at all when an argument is NULL, which is what NaN becomes in JSON.
  for (const { id, endpoint } of cluster.nodes as readonly ClusterNode[]) {
    if (endpoint.host && Number.isInteger(endpoint.port)) continue;
    throw new Failure(`${path}: ${id} has no endpoint`, "synthesize again");
  }
  return cluster;
}

export function coordinatorOf(cluster: Cluster): ClusterNode {
  const coordinator = cluster.nodes.find((node) => node.role === "coordinator");
  if (coordinator === undefined)
    throw new Failure(`cluster ${cluster.name} has no coordinator`, "synthesize again");
  return coordinator;
}

export function workersOf(cluster: Cluster): ClusterNode[] {
  return cluster.nodes.filter((node) => node.role === "worker");
}

export function hostOf(cluster: Cluster, node: ClusterNode): ClusterHost {
  const host = cluster.hosts.find(({ id }) => id === node.host);
  if (host === undefined)
    throw new Failure(`${node.id}: no host ${node.host} in the cluster`, "synthesize again");
  return host;
}
