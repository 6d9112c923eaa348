import type { Endpoint } from "../../../model/cluster";
import type { Session } from "../../cluster/connection/session";
import { withTablesKept } from "./with-tables-kept";
import { shardSizesJson } from "../../cluster/shards/shard-sizes";

/** A group of colocated shards that Citus would move as one. */
export interface PlannedMove {
  /** One of its shards. */
  readonly shardid: string;
  /** All of them. */
  readonly shardids: readonly string[];
  /** One per shard: a group has a shard of each colocated table. */
  readonly tables: readonly string[];
  readonly bytes: number;
  readonly source: Endpoint;
  readonly target: Endpoint;
}

const PLAN = `WITH plan AS MATERIALIZED (
       SELECT * FROM get_rebalance_table_shards_plan() WITH ORDINALITY
         AS p(name, shardid, shard_size, source_host, source_port, target_host, target_port, number))
     SELECT (array_agg(p.shardid ORDER BY p.number))[1]::text AS shardid,
            array_agg(p.shardid::text ORDER BY p.number) AS shardids,
            array_agg(p.name::text ORDER BY p.number) AS tables,
            coalesce(sum(z.value::bigint), 0)::text AS bytes,
            p.source_host, p.source_port, p.target_host, p.target_port
       FROM plan p
       JOIN pg_dist_shard s USING (shardid)
       JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid
       LEFT JOIN json_each_text($1::json) z ON z.key = p.shardid::text
      GROUP BY t.colocationid, s.shardminvalue, CASE WHEN t.colocationid = 0 THEN s.shardid END,
               p.source_host, p.source_port, p.target_host, p.target_port
      ORDER BY min(p.number)`;

/**
 * The moves that a rebalance would make now, in their order. Citus' own column `shard_size` is 0 for most shards (13.0):
 * the bytes are asked from the servers.
 *
 * @throws the server's error
 */
export async function planRebalance(session: Session): Promise<PlannedMove[]> {
  const sizes = await shardSizesJson(session);
  const rows = await withTablesKept(session, () => session.query<Row>(PLAN, [sizes]));
  return rows.map(({ shardid, shardids, tables, bytes, ...row }) => ({
    shardid,
    shardids,
    tables,
    bytes: Number(bytes),
    source: { host: row.source_host, port: row.source_port },
    target: { host: row.target_host, port: row.target_port },
  }));
}

interface Row {
  readonly shardid: string;
  readonly shardids: string[];
  readonly tables: string[];
  readonly bytes: string;
  readonly source_host: string;
  readonly source_port: number;
  readonly target_host: string;
  readonly target_port: number;
}
