import type { ClusterNode } from "../../../model/cluster";
import type { Session } from "../connection/session";

/**
 * One node as it was last registered: a row of `pgdist.node` on the coordinator, which `prepareRecord` makes and changes
 * (migrate-record.ts). Other programs may read the table; restore and recovery rely on it.
 */
export interface RecordedNode {
  /** `<host>/<worker>`, or of the coordinator. */
  readonly id: string;
  /** In pg_dist_node; a node that was removed and added again has a new one. */
  readonly nodeid: number;
  /** In pg_dist_node, and on the node itself in pg_dist_local_group. */
  readonly groupid: number;
  readonly host: string;
  readonly port: number;
  /** `pg_dist_node_metadata.metadata->>'server_id'` of the node: made when its volume was initialised. */
  readonly server_id: string;
  readonly image: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Limit of its container, which only the record can tell: PostgreSQL doesn't know it. */
  readonly cpus: number | null;
  /** Since when it is marked as leaving: no shards go there. Null for a node that stays. */
  readonly leaving: Date | null;
  readonly recorded_at: Date;
}

const COLUMNS = "id, nodeid, groupid, host, port, server_id, image, settings, cpus, leaving, recorded_at";

/** The rows by node id. Empty where nothing was ever registered. */
export async function readRecord(session: Session): Promise<Map<string, RecordedNode>> {
  const [row] = await session.query<{ there: boolean }>(
    "SELECT to_regclass('pgdist.node') IS NOT NULL AS there",
  );
  if (row?.there !== true) return new Map();
  const rows = await session.query<RecordedNode>(`SELECT ${COLUMNS} FROM pgdist.node ORDER BY id`);
  return new Map(rows.map((recorded) => [recorded.id, recorded]));
}

/** What Citus and the server say of a node. */
interface RegisteredAs {
  readonly nodeid: number;
  readonly groupid: number;
  readonly server_id: string;
}

/** Writes a node's row, as of now. A mark that it leaves stays until `clearLeaving`: shouldhaveshards goes with it. */
export async function recordNode(
  session: Session,
  node: ClusterNode,
  registered: RegisteredAs,
): Promise<void> {
  await session.query(
    `INSERT INTO pgdist.node (id, nodeid, groupid, host, port, server_id, image, settings, cpus)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (id) DO UPDATE SET
       nodeid = excluded.nodeid, groupid = excluded.groupid, host = excluded.host, port = excluded.port,
       server_id = excluded.server_id, image = excluded.image, settings = excluded.settings,
       cpus = excluded.cpus, recorded_at = now()`,
    [
      node.id,
      registered.nodeid,
      registered.groupid,
      node.endpoint.host,
      node.endpoint.port,
      registered.server_id,
      node.image,
      JSON.stringify(node.settings),
      node.cpus ?? null,
    ],
  );
}

/** Marks nodes as leaving, once: the time of the first mark stays. */
export async function markLeaving(session: Session, ids: readonly string[]): Promise<void> {
  await session.query("UPDATE pgdist.node SET leaving = coalesce(leaving, now()) WHERE id = ANY ($1)", [ids]);
}

export async function clearLeaving(session: Session, ids: readonly string[]): Promise<void> {
  await session.query("UPDATE pgdist.node SET leaving = NULL WHERE id = ANY ($1)", [ids]);
}

/** Forgets nodes that were removed from the cluster. */
export async function forgetNodes(session: Session, ids: readonly string[]): Promise<void> {
  await session.query("DELETE FROM pgdist.node WHERE id = ANY ($1)", [ids]);
}

/** A worker that was added is to get its share of the shards by a rebalance (`rebalance: "after-adding"`). */
export async function markRebalanceDue(session: Session, id: string): Promise<void> {
  await session.query("UPDATE pgdist.node SET rebalance_due = now() WHERE id = $1", [id]);
}

/** Ids of the workers that wait for a rebalance. After `prepareRecord`. */
export async function readRebalanceDue(session: Session): Promise<string[]> {
  const rows = await session.query<{ id: string }>(
    "SELECT id FROM pgdist.node WHERE rebalance_due IS NOT NULL ORDER BY id",
  );
  return rows.map(({ id }) => id);
}

export async function clearRebalanceDue(session: Session, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await session.query("UPDATE pgdist.node SET rebalance_due = NULL WHERE id = ANY ($1)", [ids]);
}
