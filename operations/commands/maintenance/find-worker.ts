import { type Cluster, type Endpoint, formatEndpoint } from "../../../model/cluster";
import { coordinatorOf } from "../../cluster/cluster-file";
import { findNode } from "../../cli/find-node";
import type { RecordedNode } from "../../cluster/nodes/recorded";
import { coordinatorStays } from "../../change/removal/removal";
import { type NodeView, isRegistered } from "../../cluster/nodes/view";

/** The worker that a person means. */
export interface MeantWorker {
  /** Of the environment or the record; of one that is in neither its endpoint, `host:port`. */
  readonly id: string;
  /** Only of one that is in neither: by it alone can it be told from the others. */
  readonly endpoint?: Endpoint;
}

/**
 * By its id, as `findNode` does, or by the endpoint at which it is registered: a worker that was added by hand has
 * nothing else.
 *
 * @throws Failure (usage) that lists the nodes of the environment, or (refused) for the coordinator
 */
export function findWorker(
  cluster: Cluster,
  record: ReadonlyMap<string, RecordedNode>,
  nodes: readonly NodeView[],
  name: string,
): MeantWorker {
  const worker = findNamed(cluster, record, nodes, name);
  if (worker.id !== coordinatorOf(cluster).id) return worker;
  // The removal itself refuses it too; before anybody is asked for a yes is sooner.
  throw coordinatorStays(worker.id);
}

function findNamed(
  cluster: Cluster,
  record: ReadonlyMap<string, RecordedNode>,
  nodes: readonly NodeView[],
  name: string,
): MeantWorker {
  // What was recorded of one that is no longer registered is left to clear away.
  if (record.has(name) || nodes.some(({ id }) => id === name)) return { id: name };
  const node = nodes.filter(isRegistered).find(({ endpoint }) => formatEndpoint(endpoint) === name);
  if (node === undefined) return { id: findNode(cluster, name).id };
  if (node.role === "coordinator") return { id: coordinatorOf(cluster).id };
  return node.id === undefined ? { id: name, endpoint: node.endpoint } : { id: node.id };
}
