import type { Connected } from "../../cluster/connection/target";
import { type Asked, askAll } from "../../cluster/nodes/ask-all";
import { quoteLiteral } from "../../cluster/nodes/run-on-nodes";
import { totalBytes } from "../../cluster/shards/relation-bytes";
import { shardName } from "../../cluster/shards/shard-name";
import { sizesStatement } from "../../cluster/shards/shard-sizes";
import { readUnsyncedShards } from "../../cluster/shards/unsynced-shards";

/** One shard of a table on one node. */
export interface Placement {
  readonly shardid: string;
  /** With its schema. */
  readonly table: string;
  readonly node: string;
  /** With indexes and TOAST; null where the node didn't answer, or doesn't have the shard. */
  readonly bytes: number | null;
  /** Why there is no size. */
  readonly unreadable: "no answer" | "missing" | null;
  /** Hash range of a hash-distributed table. */
  readonly min: string | null;
  readonly max: string | null;
}

/** A table that Citus knows. */
export interface CitusTable {
  readonly table: string;
  readonly type: "distributed" | "reference" | "single shard" | "local";
  readonly column: string | null;
  /** Tables with the same number keep matching rows on the same node; null where it has none. */
  readonly colocation: number | null;
  readonly owner: string;
}

/** A table, materialized view or foreign table that Citus doesn't know. */
export interface PlainTable {
  readonly table: string;
  readonly node: string;
  readonly owner: string;
  /** With indexes and TOAST; 0 of a foreign table. */
  readonly bytes: number;
}

/** What one node has. */
interface Held {
  /** By shard. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly plain: readonly Omit<PlainTable, "node">[];
}

export interface Placements {
  readonly tables: readonly CitusTable[];
  readonly placements: readonly Placement[];
  readonly plain: readonly PlainTable[];
  readonly asked: readonly Asked<unknown>[];
}

const TABLES = `SELECT t.logicalrelid::text AS table,
       CASE WHEN t.partmethod <> 'n' THEN 'distributed' WHEN t.repmodel = 't' THEN 'reference'
            WHEN t.colocationid <> 0 THEN 'single shard' ELSE 'local' END AS type,
       CASE WHEN t.partmethod <> 'n' AND has_table_privilege(t.logicalrelid, 'SELECT') IS NOT NULL
            THEN column_to_column_name(t.logicalrelid, t.partkey) END AS column,
       nullif(t.colocationid, 0) AS colocation, pg_get_userbyid(c.relowner) AS owner
  FROM pg_dist_partition t JOIN pg_class c ON c.oid = t.logicalrelid
 WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1`;

const PLACEMENTS = `SELECT s.shardid::text, s.logicalrelid::text AS table, p.groupid, s.shardminvalue AS min, s.shardmaxvalue AS max
  FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid) ORDER BY s.shardid, p.groupid`;

/** As relation_is_a_known_shard(c.oid), which would wait for whoever has locked the shard. */
const SHARD_OF_C = `SELECT FROM pg_dist_shard s JOIN pg_class t ON t.oid = s.logicalrelid
  WHERE s.shardid = substring(c.relname FROM '_([0-9]{1,18})$')::bigint AND t.relnamespace = c.relnamespace
    AND to_regclass(${shardName("t")}) = c.oid`;

/** What Citus doesn't know: on the coordinator tables that nobody has distributed, on a worker what people made there. */
function plainTablesStatement(shards: readonly string[]): string {
  return `SELECT coalesce(json_agg(json_build_object('table', format('%I.%I', n.nspname, c.relname), 'owner', pg_get_userbyid(c.relowner),
                                                     'bytes', ${totalBytes("c.oid")}) ORDER BY n.nspname, c.relname), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
     AND n.nspname NOT IN ('information_schema', 'pgdist')
     AND c.oid NOT IN (SELECT logicalrelid FROM pg_dist_partition) AND NOT EXISTS (${SHARD_OF_C})
     AND NOT EXISTS (SELECT FROM unnest(ARRAY[${shards.map(quoteLiteral).join(", ")}]::text[]) shard WHERE to_regclass(shard) = c.oid)
     AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;
}

/** Of a shard that a move has left, and that is to be dropped. */
const ORPHANS = "SELECT object_name AS name FROM pg_dist_cleanup WHERE object_type = 1";

/** Every shard on every node, with its size where it can be had. */
export async function readPlacements(target: Connected): Promise<Placements> {
  const { session } = target;
  const tables = await session.query<CitusTable>(TABLES);
  const known = new Set(tables.map(({ table }) => table));
  const rows = await session.query<Omit<Placement, "node"> & { groupid: number }>(PLACEMENTS);
  const unsynced = await readUnsyncedShards(session);
  const orphans = await session.query<{ name: string }>(ORPHANS);
  const shards = [...unsynced, ...orphans].map(({ name }) => name);
  const asked = await askAll<Held>(
    target,
    `SELECT json_build_object('sizes', (${sizesStatement(unsynced)})::json, 'plain', (${plainTablesStatement(shards)}))::text`,
  );
  const byGroup = new Map(asked.map((node) => [node.groupid, node]));
  const placements = rows
    .filter(({ table }) => known.has(table))
    .map(({ shardid, table, groupid, min, max }): Placement => {
      const node = byGroup.get(groupid);
      const bytes = node?.value?.sizes[shardid] ?? null;
      const unreadable = bytes !== null ? null : node?.value === undefined ? "no answer" : "missing";
      return { shardid, table, node: node?.label ?? `group ${groupid}`, bytes, unreadable, min, max };
    });
  const plain = asked.flatMap(({ label, value }) =>
    (value?.plain ?? []).map((table) => ({ node: label, ...table })),
  );
  return { tables, placements, plain, asked };
}

/** How uneven the numbers are: the largest by their average. 1 is even; null where there is nothing to compare. */
export function skewOf(values: readonly number[]): number | null {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.length === 0 || sum === 0 ? null : Math.max(...values) / (sum / values.length);
}
