import type { Session } from "../session";
import { shardName } from "../shard-name";

/**
 * Relations of Citus on a node that the node itself doesn't know as such: shards of append- and range-distributed tables,
 * whose metadata stays on the coordinator, and what moves left behind for Citus to clean up.
 */
const UNSYNCED = `SELECT p.groupid, ${shardName()} AS name
    FROM pg_dist_partition t JOIN pg_dist_shard s USING (logicalrelid) JOIN pg_dist_placement p USING (shardid)
    JOIN pg_class c ON c.oid = t.logicalrelid
   WHERE t.partmethod IN ('a', 'r') AND ${shardName()} IS NOT NULL`;

const LEFT = `SELECT object_name AS name FROM pg_dist_cleanup WHERE object_type = 1 AND node_group_id = $1`;

/** @param groupid of the node */
export async function knownRelations(session: Session, groupid: number): Promise<string[]> {
  const left = await session.query<{ name: string }>(LEFT, [groupid]);
  return [...((await readUnsynced(session)).get(groupid) ?? []), ...left.map(({ name }) => name)];
}

/** Shards of append- and range-distributed tables by the group of their node. */
export async function readUnsynced(session: Session): Promise<Map<number, string[]>> {
  const rows = await session.query<{ groupid: number; name: string }>(UNSYNCED);
  const shards = new Map<number, string[]>();
  for (const { groupid, name } of rows) shards.set(groupid, [...(shards.get(groupid) ?? []), name]);
  return shards;
}
