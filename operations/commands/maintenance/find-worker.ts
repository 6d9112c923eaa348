import type { Cluster, Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { coordinatorOf } from "../../cluster/cluster-file";
import { findNode } from "../../cli/find-node";
import type { RecordedNode } from "../../cluster/nodes/record";
import { coordinatorStays } from "../../change/removal/removal";
import { COORDINATOR_GROUP, type RegisteredNode, sameEndpoint } from "../../cluster/nodes/pg-dist-node";

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
  registered: readonly RegisteredNode[],
  name: string,
): MeantWorker {
  const worker = findNamed(cluster, record, registered, name);
  if (worker.id !== coordinatorOf(cluster).id) return worker;
  // The removal itself refuses it too; before anybody is asked for a yes is sooner.
  throw coordinatorStays(worker.id);
}

function findNamed(
  cluster: Cluster,
  record: ReadonlyMap<string, RecordedNode>,
  registered: readonly RegisteredNode[],
  name: string,
): MeantWorker {
  if (record.has(name)) return { id: name };
  const row = registered.find(({ endpoint }) => formatEndpoint(endpoint) === name);
  if (row === undefined) return { id: findNode(cluster, name).id };
  if (row.groupid === COORDINATOR_GROUP) return { id: coordinatorOf(cluster).id };
  const recorded = [...record.values()].find(({ nodeid }) => nodeid === row.nodeid);
  const declared = cluster.nodes.find(({ endpoint }) => sameEndpoint(endpoint, row.endpoint));
  const id = recorded?.id ?? declared?.id;
  return id === undefined ? { id: name, endpoint: row.endpoint } : { id };
}
