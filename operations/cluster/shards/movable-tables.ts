import type { Session } from "../connection/session";
import { SQLSTATE, sqlStateOf } from "../connection/sqlstate";
import type { Remedy } from "../../base/remedy";

/** Tables whose shards can't move while they are written to. */
export interface Immovable {
  /** Neither a primary key, other than a deferrable one, nor a replica identity: updates could not be replicated. */
  readonly unidentified: readonly string[];
  /** As those, with a column that REPLICA IDENTITY FULL could not compare: `public.events (payload json)`. */
  readonly unidentifiedByFull: readonly string[];
  /**
   * Identified by all of their columns, of which one has a type without equality: on the target every update and delete
   * would fail, and be tried again for ever.
   */
  readonly incomparable: readonly string[];
  /** Identified by a column that is generated, which is not replicated: the same would happen. */
  readonly generated: readonly string[];
  /** Row-level security is forced on an owner who may not bypass it: the same would happen, to inserts as well. */
  readonly secured: readonly string[];
  /** Their changes are in no WAL. */
  readonly unlogged: readonly string[];
  /** Citus refuses inserts into a shard of theirs while it is replicated: its clients would get errors. */
  readonly columnar: readonly string[];
}

interface Row {
  readonly name: string;
  readonly kind: "unidentified" | "full" | "generated" | "secured" | "unlogged" | "columnar";
  /** With its type or its owner, where the kind has one. */
  readonly detail: string | null;
  /** Types of the columns that REPLICA IDENTITY FULL compares, by name. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

const TABLES = `WITH t AS (
  SELECT c.oid, c.oid::regclass::text AS name, c.relreplident, c.relpersistence = 'u' AS unlogged,
         coalesce(a.amname = 'columnar', false) AS columnar,
         c.relforcerowsecurity AND c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls AS secured, r.rolname,
         (SELECT i.indkey FROM pg_index i WHERE i.indrelid = c.oid AND i.indimmediate AND i.indisvalid
             AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END) AS key
    FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner LEFT JOIN pg_am a ON a.oid = c.relam
   WHERE c.oid IN (SELECT to_regclass(name) FROM unnest($1::text[]) name) AND c.relkind = 'r'),
found AS (
  SELECT t.*, CASE WHEN columnar THEN 'columnar' WHEN unlogged THEN 'unlogged' WHEN relreplident = 'f' THEN 'full'
                   WHEN key IS NULL THEN 'unidentified' END AS kind, NULL AS detail FROM t
  UNION ALL
  SELECT t.*, 'secured', rolname FROM t WHERE secured AND NOT columnar AND NOT unlogged
  UNION ALL
  SELECT t.*, 'generated', g.attname FROM t JOIN pg_attribute g ON g.attrelid = t.oid AND g.attnum = ANY (t.key::int2[])
   WHERE g.attgenerated <> '' AND NOT columnar AND NOT unlogged)
SELECT name, kind, detail,
       CASE WHEN kind IN ('full', 'unidentified') THEN
         (SELECT json_agg(json_build_object('name', attname, 'type', format_type(atttypid, NULL)) ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = found.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') END AS columns
  FROM found WHERE kind IS NOT NULL ORDER BY name, detail`;

/** Which of these tables can't be moved online. */
export async function findImmovable(session: Session, tables: readonly string[]): Promise<Immovable> {
  const rows = await session.query<Row>(TABLES, [[...tables]]);
  const incomparable = await incomparableTypes(
    session,
    rows.flatMap(({ columns }) => (columns ?? []).map(({ type }) => type)),
  );
  const columnOf = ({ columns }: Row) => columns.find(({ type }) => incomparable.has(type));
  const namesOf = (kind: Row["kind"], detailed = false) =>
    rows.flatMap((row) =>
      row.kind === kind ? [detailed ? `${row.name} (${row.detail ?? ""})` : row.name] : [],
    );
  const byFull = (kind: Row["kind"], works: boolean) =>
    rows.flatMap((row) => {
      if (row.kind !== kind) return [];
      const column = columnOf(row);
      if ((column === undefined) !== works) return [];
      return [column === undefined ? row.name : `${row.name} (${column.name} ${column.type})`];
    });
  return {
    unidentified: byFull("unidentified", true),
    unidentifiedByFull: byFull("unidentified", false),
    incomparable: byFull("full", false),
    generated: namesOf("generated", true),
    secured: namesOf("secured", true),
    unlogged: namesOf("unlogged"),
    columnar: namesOf("columnar"),
  };
}

/**
 * Those without an equality that PostgreSQL finds by itself (json, xml, point, box, and what is made of them). Grouping
 * looks for it in the same way as the worker that applies changes (lookup_type_cache); catalogs alone don't tell, as it
 * looks into arrays, domains and composite types too.
 */
async function incomparableTypes(session: Session, types: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const type of new Set(types)) {
    try {
      // By way of an array: a domain may not be null.
      await session.query(`SELECT FROM unnest(NULL::${type}[]) v GROUP BY v`);
    } catch (error) {
      if (sqlStateOf(error) !== SQLSTATE.undefinedFunction) throw error;
      found.add(type);
    }
  }
  return found;
}

/** Whatever moves shards reads it. */
export const BLOCK_WRITES =
  "allow writes to wait while a shard moves: PGDIST_SHARD_TRANSFER_MODE=block_writes";

/** Where REPLICA IDENTITY FULL is no help. */
const BY_KEY =
  "add a primary key and ALTER TABLE ... REPLICA IDENTITY DEFAULT, or make a unique index on columns that are NOT NULL and not generated, the distribution column among " +
  "them, and ALTER TABLE ... REPLICA IDENTITY USING INDEX";

/** A sentence and its remedy for each kind of table that stands against moving in this mode. */
export function explainImmovable(
  tables: Immovable,
  mode: string,
  blockWrites = BLOCK_WRITES,
): { what: string; remedy: Remedy }[] {
  if (mode === "block_writes") return [];
  const { unidentified, unidentifiedByFull, incomparable, generated, secured, unlogged, columnar } = tables;
  const kinds: [readonly string[], string, string][] = [
    [
      mode === "auto" ? unidentified : [],
      "tables without a primary key or replica identity can't be moved online",
      `add a primary key (where there is one already: ALTER TABLE ... REPLICA IDENTITY DEFAULT), or ALTER TABLE ... REPLICA IDENTITY FULL, or ${blockWrites}`,
    ],
    [
      mode === "auto" ? unidentifiedByFull : [],
      "tables without a primary key or replica identity can't be moved online, and these have a column without equality, " +
        "so that REPLICA IDENTITY FULL would not help either",
      `${BY_KEY}; or ${blockWrites}`,
    ],
    [
      incomparable,
      "tables with REPLICA IDENTITY FULL and a column without equality can't be moved online, as updates of them could not " +
        "be applied on the target",
      `${BY_KEY}; or ${blockWrites}`,
    ],
    [
      generated,
      "tables with a generated column in their primary key or replica identity can't be moved online, as updates of them " +
        "could not be applied on the target",
      `make a unique index on columns that are NOT NULL and not generated, the distribution column among them, and ALTER TABLE ... ` +
        `REPLICA IDENTITY USING INDEX; or ${blockWrites}`,
    ],
    [
      secured,
      "tables with FORCE ROW LEVEL SECURITY can't be moved online, as their owner could not write to them on the target",
      `ALTER TABLE ... NO FORCE ROW LEVEL SECURITY, or ALTER ROLE ... BYPASSRLS for the owner, or ${blockWrites}`,
    ],
    [unlogged, "unlogged tables can't be moved online", `ALTER TABLE ... SET LOGGED, or ${blockWrites}`],
    [
      columnar,
      "columnar tables can't be moved online, as inserts into them would fail meanwhile",
      blockWrites,
    ],
  ];
  return kinds
    .filter(([names]) => names.length > 0)
    .map(([names, what, remedy]) => ({ what: `${what}: ${names.join(", ")}`, remedy }));
}
