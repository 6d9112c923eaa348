import type { Cluster, ClusterNode } from "../../../model/cluster";
import { EXIT, Failure, oneLine } from "../../base/failure";
import type { RecordedNode } from "./record";
import { isNamedAsAnother } from "../../../model/contract/server-name";
import type { Session } from "../connection/session";
import { SQLSTATE, sqlStateOf } from "../connection/sqlstate";
import { METADATA_LOST_REMEDY } from "./metadata-lost";
import { noExtensionRemedy } from "./no-extension";
import { type NodeFacts, coordinatorFacts } from "./node-facts";
import { COORDINATOR_GROUP } from "./pg-dist-node";

/**
 * Whether the server that we reached is this cluster's coordinator: a private address may lead elsewhere from here.
 *
 * @throws Failure when it isn't (refused), or isn't set up
 */
export async function checkCoordinator(
  session: Session,
  cluster: Cluster,
  node: ClusterNode,
  record: ReadonlyMap<string, RecordedNode>,
): Promise<NodeFacts> {
  const facts = await readFacts(session, cluster, node, record);
  const reached = `the server reached by ${session.way.description}`;
  const refuse = (
    what: string,
    remedy = "see what this address leads to from here, or set PGDIST_VIA",
  ): never => {
    throw new Failure(`${reached} ${what}`, remedy, { exitCode: EXIT.refused });
  };
  if (facts.groupid !== COORDINATOR_GROUP)
    refuse(`is a worker (group ${facts.groupid}), not the coordinator ${node.id}`);
  if (facts.in_recovery) refuse("is a standby, not the coordinator");
  if (isNamedAsAnother(facts.cluster_name, cluster.name, node.id)) {
    refuse(`is "${facts.cluster_name}", not the coordinator ${node.id} of ${cluster.name}`);
  }
  const recorded = [...record.values()].find(({ groupid }) => groupid === COORDINATOR_GROUP);
  if (recorded !== undefined && recorded.id !== node.id)
    refuse(`is the coordinator ${recorded.id}, not ${node.id}`);
  if (recorded !== undefined && recorded.server_id !== facts.server_id) {
    refuse(
      `is not the coordinator that was registered (server id ${facts.server_id}, was ${recorded.server_id})`,
      METADATA_LOST_REMEDY,
    );
  }
  return facts;
}

async function readFacts(
  session: Session,
  cluster: Cluster,
  node: ClusterNode,
  record: ReadonlyMap<string, RecordedNode>,
): Promise<NodeFacts> {
  try {
    return await coordinatorFacts(session);
  } catch (error) {
    const state = sqlStateOf(error);
    if (state !== SQLSTATE.undefinedTable && state !== SQLSTATE.undefinedObject) throw error;
    throw new Failure(
      `database ${cluster.database} of ${node.id} has no Citus extension (${session.redact(oneLine(error))})`,
      record.size > 0 ? METADATA_LOST_REMEDY : noExtensionRemedy(cluster),
      { cause: error },
    );
  }
}
