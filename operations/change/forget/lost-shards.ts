import type { Session } from "../../cluster/connection/session";
import { shardName } from "../../cluster/shards/shard-name";
import { shardSizesJson } from "../../cluster/shards/shard-sizes";

/** A shard that was on servers which never come back. */
export interface LostShard {
  readonly shardid: string;
  readonly table: string;
  /** Shards of one key belong together and stay on one node. */
  readonly key: string;
  /** Its own name, as SQL takes it: `shop.item_102040`. */
  readonly name: string;
}

/** What a table loses. */
export interface LostTable {
  readonly table: string;
  /** Shards without any copy elsewhere: their rows are gone. */
  readonly lost: number;
  readonly shards: number;
  /** Estimated from the shards that are left; absent where none is. */
  readonly bytes?: number;
}

/** Shards whose only placements are on these groups of pg_dist_node. */
export async function findLostShards(session: Session, groups: readonly number[]): Promise<LostShard[]> {
  return session.query<LostShard>(
    `SELECT s.shardid::text, t.logicalrelid::text AS table,
            concat_ws(':', t.colocationid, s.shardminvalue, CASE WHEN t.colocationid = 0 THEN s.shardid END) AS key,
            ${shardName()} AS name
       FROM pg_dist_shard s JOIN pg_dist_partition t USING (logicalrelid)
       JOIN pg_class c ON c.oid = s.logicalrelid
      WHERE ${shardName()} IS NOT NULL AND EXISTS (SELECT FROM pg_dist_placement p WHERE p.shardid = s.shardid)
        AND NOT EXISTS (SELECT FROM pg_dist_placement p WHERE p.shardid = s.shardid AND p.groupid <> ALL ($1::int[]))
      ORDER BY t.logicalrelid::text, s.shardid`,
    [groups],
  );
}

/** The tables of lost shards. Rows can't be known: what would tell them is gone. */
export async function describeLosses(session: Session, lost: readonly LostShard[]): Promise<LostTable[]> {
  const rows = await session.query<{ table: string; shards: number; bytes: string | null }>(
    `SELECT s.logicalrelid::text AS table, count(*)::int AS shards,
            avg(z.value::bigint) FILTER (WHERE s.shardid <> ALL ($2::bigint[]))::bigint::text AS bytes
       FROM pg_dist_shard s LEFT JOIN json_each_text($3::json) z ON z.key = s.shardid::text
      WHERE s.logicalrelid IN (SELECT to_regclass(name) FROM unnest($1::text[]) name)
      GROUP BY 1 ORDER BY 1`,
    [
      [...new Set(lost.map(({ table }) => table))],
      lost.map(({ shardid }) => shardid),
      await shardSizesJson(session),
    ],
  );
  return rows.map(({ table, shards, bytes }) => {
    const count = lost.filter((shard) => shard.table === table).length;
    return { table, lost: count, shards, ...(bytes === null ? {} : { bytes: Number(bytes) * count }) };
  });
}
