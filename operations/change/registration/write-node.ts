import type { Cluster, ClusterNode, Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { clearLeaving, markRebalanceDue, recordNode } from "../../cluster/nodes/recorded";
import type { Session } from "../../cluster/connection/session";
import { SQLSTATE, sqlStateOf } from "../../cluster/connection/sqlstate";
import type { Decision } from "./situation";
import type { NodeFacts } from "../../cluster/nodes/node-facts";
import { explainOnNodes } from "../../cluster/nodes/node-failure";
import {
  COORDINATOR_GROUP,
  type RegisteredNode,
  readRegistered,
  sameEndpoint,
} from "../../cluster/nodes/registered";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import { AGAIN, advise } from "../../base/remedy";

/** How long changed addresses wait for queries that run on these nodes, and hold new ones back. */
const CHANGE_LOCK_TIMEOUT = "30s";

/** A node that is registered, and where it is to be. */
export interface EndpointChange {
  readonly node: ClusterNode;
  readonly registered: RegisteredNode;
  readonly server_id: string;
}

/**
 * Gives registered nodes their new endpoints, the coordinator's included, all in one transaction: none of the old
 * addresses need exist any more. Two nodes may swap: those in the way step aside to a name that nobody has.
 */
export async function changeEndpoints(
  session: Session,
  changes: readonly EndpointChange[],
  progress: Progress,
): Promise<void> {
  if (changes.length === 0) return;
  const targets = changes.map(({ node }) => node.endpoint);
  const inTheWay = changes.filter(({ registered }) =>
    targets.some((to) => sameEndpoint(to, registered.endpoint)),
  );
  try {
    await session.transaction(async () => {
      await session.query(`SET LOCAL lock_timeout = '${CHANGE_LOCK_TIMEOUT}'`);
      for (const { registered } of inTheWay) {
        await updateNode(session, registered.nodeid, {
          host: `pgdist-moving-${registered.nodeid}`,
          port: 5432,
        });
      }
      for (const { node, registered, server_id } of changes) {
        await updateNode(session, registered.nodeid, node.endpoint);
        await recordNode(session, node, {
          nodeid: registered.nodeid,
          groupid: registered.groupid,
          server_id,
        });
      }
    });
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.lockNotAvailable) throw error;
    throw new Failure(
      `changed endpoints could not be set: queries on these nodes ran for more than ${CHANGE_LOCK_TIMEOUT}`,
      advise`end the long queries, or wait for them, then ${AGAIN}`,
    );
  }
  for (const { node, registered } of changes) {
    progress(`${node.id}: ${formatEndpoint(registered.endpoint)} is now ${formatEndpoint(node.endpoint)}`);
  }
}

async function updateNode(session: Session, nodeid: number, endpoint: Endpoint): Promise<void> {
  await session.query("SELECT citus_update_node($1::int, $2::text, $3::int)", [
    nodeid,
    endpoint.host,
    endpoint.port,
  ]);
}

/** Registers the coordinator. Its port is always given: Citus' default is the one inside the container. */
export async function addCoordinator(
  session: Session,
  node: ClusterNode,
  facts: NodeFacts,
  progress: Progress,
): Promise<void> {
  await session.transaction(async () => {
    await session.query("SELECT citus_set_coordinator_host($1::text, $2::int)", [
      node.endpoint.host,
      node.endpoint.port,
    ]);
    const row = (await readRegistered(session)).find(({ groupid }) => groupid === COORDINATOR_GROUP);
    if (row === undefined)
      throw new Failure("citus_set_coordinator_host registered nothing", "please report this");
    await recordNode(session, node, { nodeid: row.nodeid, groupid: row.groupid, server_id: facts.server_id });
  });
  progress(`${node.id}: registered as the coordinator at ${formatEndpoint(node.endpoint)}`);
}

export interface AddWorkerOptions {
  readonly cluster: Cluster;
  /** Whether the shards are to be rebalanced for it, by this run or, if that doesn't come to it, by the next. */
  readonly rebalanceDue: boolean;
  readonly progress: Progress;
}

/** Adds a worker and records it in one transaction: a killed run leaves either both or nothing. */
export async function addWorker(
  session: Session,
  { node, facts }: Decision,
  { cluster, rebalanceDue, progress }: AddWorkerOptions,
): Promise<void> {
  await forgetPrepared(session, node, facts);
  session.takeMessages();
  let nodeid: number;
  try {
    nodeid = await session.transaction(async () => {
      const [added] = await session.query<{ nodeid: number | null }>(
        "SELECT citus_add_node($1::text, $2::int) AS nodeid",
        [node.endpoint.host, node.endpoint.port],
      );
      const row = (await readRegistered(session)).find((registered) => registered.nodeid === added?.nodeid);
      if (row === undefined)
        throw new Failure(`citus_add_node returned no node for ${node.id}`, "please report this");
      await recordNode(session, node, {
        nodeid: row.nodeid,
        groupid: row.groupid,
        server_id: facts.server_id,
      });
      if (rebalanceDue) await markRebalanceDue(session, node.id);
      return row.nodeid;
    });
  } catch (error) {
    throw failureOnNodes(session, cluster, `${node.id} could not be added`, error);
  }
  progress(`${node.id}: added as node ${nodeid} at ${formatEndpoint(node.endpoint)}`);
}

/**
 * A coordinator that died while it added this worker may have left a prepared transaction there. Citus recovers those
 * of registered nodes by itself, but nobody comes back for one on a server that wasn't registered.
 */
async function forgetPrepared(session: Session, node: ClusterNode, { prepared }: NodeFacts): Promise<void> {
  if (prepared.length === 0) return;
  await runOnNodes(
    session,
    prepared.map(() => node.endpoint),
    prepared.map((gid) => `ROLLBACK PREPARED '${gid.replaceAll("'", "''")}'`),
  );
}

/** A node that was on its way out and is wanted again takes shards again. */
export async function keepAfterAll(session: Session, node: ClusterNode, progress: Progress): Promise<void> {
  await session.transaction(async () => {
    await session.query("SELECT citus_set_node_property($1::text, $2::int, 'shouldhaveshards', true)", [
      node.endpoint.host,
      node.endpoint.port,
    ]);
    await clearLeaving(session, [node.id]);
  });
  progress(`${node.id}: no longer leaves: it takes shards again`);
}

/** A node that was disabled, or added as inactive: like one that joins it gets all that it lacks. */
export async function activateNode(
  session: Session,
  node: ClusterNode,
  cluster: Cluster,
  progress: Progress,
): Promise<void> {
  session.takeMessages();
  try {
    await session.query("SELECT citus_activate_node($1::text, $2::int)", [
      node.endpoint.host,
      node.endpoint.port,
    ]);
  } catch (error) {
    throw failureOnNodes(session, cluster, `${node.id} could not be activated`, error);
  }
  progress(`${node.id}: activated`);
}

function failureOnNodes(session: Session, cluster: Cluster, what: string, error: unknown): unknown {
  if (error instanceof Failure) return error;
  const { what: why, remedy, detail } = explainOnNodes(session, cluster, error);
  return new Failure(`${what}: ${why}`, advise`${remedy}; then ${AGAIN}`, { detail, cause: error });
}
