import type { Cluster, ClusterNode } from "../../model/cluster";
import { EXIT, Failure } from "../base/failure";

/**
 * The declared node that a person means: by its id (`server-d/worker1`), by the name of its container, or by its short
 * name (`worker1`) where only one has it.
 *
 * @throws Failure (usage) that lists the nodes, or those of the name
 */
export function findNode(cluster: Cluster, name: string): ClusterNode {
  const exact = cluster.nodes.find(({ id }) => id === name);
  if (exact !== undefined) return exact;
  const meant = cluster.nodes.filter((node) => node.name === name || node.container === name);
  const [node] = meant;
  if (node !== undefined && meant.length === 1) return node;
  const list = (nodes: readonly ClusterNode[]) => nodes.map(({ id }) => id).join(", ");
  throw new Failure(
    node === undefined
      ? `no node ${name} in ${cluster.environment}`
      : `${name} is the name of ${meant.length} nodes`,
    `use one of: ${list(node === undefined ? cluster.nodes : meant)}`,
    { exitCode: EXIT.usage },
  );
}
