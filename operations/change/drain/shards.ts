import type { GroupPlacement, ShardGroup } from "./plan";
import type { Session } from "../../cluster/connection/session";
import { IS_SPREAD } from "../../cluster/shards/spread-tables";
import { shardSizesJson } from "../../cluster/shards/shard-sizes";

/** A group of shards on one node. */
interface Placed {
  readonly nodeid: number;
  readonly key: string;
  readonly shardid: string;
  readonly shardids: string[];
  readonly tables: string[];
  readonly bytes: string;
}

/** Where the cluster's shards are, without those of reference tables, which every node has. */
export interface Inventory {
  on(nodeid: number): GroupPlacement[];
}

/**
 * Reads it from the metadata itself: the view citus_shards leaves out tables of extensions. Shards without a colocation
 * group (append-distributed tables) stand alone.
 */
export async function readInventory(session: Session): Promise<Inventory> {
  const placed = await session.query<Placed>(
    `SELECT n.nodeid,
            concat_ws(':', t.colocationid, s.shardminvalue, CASE WHEN t.colocationid = 0 THEN s.shardid END) AS key,
            min(s.shardid)::text AS shardid,
            array_agg(s.shardid::text ORDER BY s.shardid) AS shardids,
            array_agg(t.logicalrelid::text ORDER BY s.shardid) AS tables,
            coalesce(sum(z.value::bigint), 0)::text AS bytes
       FROM pg_dist_partition t
       JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
       JOIN pg_dist_placement p ON p.shardid = s.shardid
       JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary'
       LEFT JOIN json_each_text($1::json) z ON z.key = s.shardid::text
      WHERE ${IS_SPREAD}
      GROUP BY 1, 2`,
    [await shardSizesJson(session)],
  );
  const holders = new Map<string, number[]>();
  for (const { key, nodeid } of placed) holders.set(key, [...(holders.get(key) ?? []), nodeid]);
  const byNode = new Map<number, GroupPlacement[]>();
  for (const { nodeid, key, shardid, shardids, tables, bytes } of placed) {
    const group: ShardGroup = {
      shardid,
      shardids,
      tables,
      bytes: Number(bytes),
      holders: holders.get(key) ?? [],
    };
    byNode.set(nodeid, [...(byNode.get(nodeid) ?? []), { group, source: nodeid }]);
  }
  return { on: (nodeid) => byNode.get(nodeid) ?? [] };
}
