import type { Connected } from "../commands/target";
import { type Asked, askAll } from "./ask-all";
import { PLACED_HERE } from "./node-state";

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

export interface Placements {
  readonly tables: readonly CitusTable[];
  readonly placements: readonly Placement[];
  readonly asked: readonly Asked<unknown>[];
}

const TABLES = `SELECT t.logicalrelid::text AS table,
       CASE WHEN t.partmethod <> 'n' THEN 'distributed' WHEN t.repmodel = 't' THEN 'reference'
            WHEN t.colocationid <> 0 THEN 'single shard' ELSE 'local' END AS type,
       CASE WHEN t.partmethod <> 'n' THEN column_to_column_name(t.logicalrelid, t.partkey) END AS column,
       nullif(t.colocationid, 0) AS colocation, pg_get_userbyid(c.relowner) AS owner
  FROM pg_dist_partition t JOIN pg_class c ON c.oid = t.logicalrelid
 WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1`;

const PLACEMENTS = `SELECT s.shardid::text, s.logicalrelid::text AS table, p.groupid, s.shardminvalue AS min, s.shardmaxvalue AS max
  FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid) ORDER BY s.shardid, p.groupid`;

/** Sizes of what the node itself has, by its own metadata: one that is locked or lost costs only this node's answer. */
const SIZES = `SELECT coalesce(json_object_agg(shardid, pg_total_relation_size(to_regclass(name))), '{}')::text
  FROM (${PLACED_HERE}) p WHERE to_regclass(name) IS NOT NULL`;

/** Every shard on every node, with its size where it can be had. */
export async function readPlacements(target: Connected): Promise<Placements> {
  const { session } = target;
  const tables = await session.query<CitusTable>(TABLES);
  const known = new Set(tables.map(({ table }) => table));
  const rows = await session.query<Omit<Placement, "node"> & { groupid: number }>(PLACEMENTS);
  const asked = await askAll<Readonly<Record<string, number>>>(target, SIZES);
  const byGroup = new Map(asked.map((node) => [node.groupid, node]));
  const placements = rows
    .filter(({ table }) => known.has(table))
    .map(({ shardid, table, groupid, min, max }): Placement => {
      const node = byGroup.get(groupid);
      const bytes = node?.value?.[shardid] ?? null;
      const unreadable = bytes !== null ? null : node?.value === undefined ? "no answer" : "missing";
      return { shardid, table, node: node?.label ?? `group ${groupid}`, bytes, unreadable, min, max };
    });
  return { tables, placements, asked };
}

/** How uneven the numbers are: the largest by their average. 1 is even; null where there is nothing to compare. */
export function skewOf(values: readonly number[]): number | null {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.length === 0 || sum === 0 ? null : Math.max(...values) / (sum / values.length);
}
