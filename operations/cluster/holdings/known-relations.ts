import type { Session } from "../connection/session";
import { readUnsyncedShards } from "../shards/unsynced-shards";

const LEFT = `SELECT object_name AS name FROM pg_dist_cleanup WHERE object_type = 1 AND node_group_id = $1`;

/**
 * Relations of Citus on a node that the node itself doesn't know as such: shards of append- and range-distributed tables, and
 * what moves left behind for Citus to clean up.
 *
 * @param groupid of the node
 */
export async function knownRelations(session: Session, groupid: number): Promise<string[]> {
  const left = await session.query<{ name: string }>(LEFT, [groupid]);
  return [...((await readUnsynced(session)).get(groupid) ?? []), ...left.map(({ name }) => name)];
}

/** Shards of append- and range-distributed tables by the group of their node. */
export async function readUnsynced(session: Session): Promise<Map<number, string[]>> {
  const rows = await readUnsyncedShards(session);
  const shards = new Map<number, string[]>();
  for (const { groupid, name } of rows) shards.set(groupid, [...(shards.get(groupid) ?? []), name]);
  return shards;
}
