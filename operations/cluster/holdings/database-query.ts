import { fileBytes } from "../shards/relation-bytes";
import { shardName } from "../shards/shard-name";

/**
 * What a server is in a database. `member`: a registered worker; its shards, and what Citus spread over the nodes, are not
 * its own. `former`: no longer registered; it may still have what was spread, and copies of reference tables, but a shard
 * may be the only one. `stranger`: whatever is there is its own.
 */
export type Standing = "member" | "former" | "stranger";

/**
 * What one database holds that is nobody's but people's own, as SQL that gives one row with one column of JSON (see
 * `DatabaseContents`). On one line and without a backslash: it also travels through COPY. It waits for no lock that people
 * can hold for long: sizes are of files.
 *
 * @param standing other than `stranger` only in a database with Citus
 * @param known names, as `regclass` takes them, of further relations that aren't its own: what only the coordinator knows
 */
export function databaseQuery(standing: Standing, known: readonly string[] = []): string {
  const parts =
    standing === "stranger"
      ? { relations: "true", objects: () => "true" }
      : { relations: spreadRelations(standing, known), objects: notSpread(standing) };
  return `SELECT json_build_object(
    'database', current_database(),
    'citus', EXISTS (SELECT FROM pg_extension WHERE extname = 'citus'),
    'relations', (SELECT coalesce(json_agg(r), '[]') FROM (${relations(parts.relations)}) r),
    'definitions', (SELECT coalesce(json_agg(json_build_object('kind', i.type, 'name', i.identity) ORDER BY i.type, i.identity), '[]')
       FROM (${definitions(parts.objects)}) o, pg_identify_object(o.classid, o.objid, 0) i),
    'configured', (SELECT coalesce(json_agg(t), '[]') FROM (${CONFIGURED}) t),
    'largeObjects', (SELECT json_build_object('count', count(*), 'bytes', CASE count(*) WHEN 0 THEN 0 ELSE ${fileBytes("'pg_catalog.pg_largeobject'::regclass")} END)
       FROM pg_largeobject_metadata))::text`
    .replace(/\s+/g, " ")
    .trim();
}

const NOT_OF_AN_EXTENSION = (catalog: string) =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'e')`;

/**
 * What makes a relation people's own on a worker: neither a shard that is placed there, nor what Citus spread.
 *
 * @param anywhere whether a shard that is placed elsewhere is none of people's either: one that is on its way, or is left for
 *   Citus to clean up
 */
function spreadRelations(standing: "member" | "former", known: readonly string[], anywhere = false): string {
  const placed = anywhere
    ? ""
    : "JOIN pg_dist_placement USING (shardid) JOIN pg_dist_local_group g USING (groupid)";
  const names = known.map((name) => `to_regclass(${literal(name)})`).join(", ");
  return `NOT EXISTS (SELECT FROM pg_dist_partition t WHERE t.logicalrelid = o.oid)
    AND ${notSpread(standing)("pg_class")}
    AND NOT EXISTS (SELECT FROM pg_dist_shard s ${placed}
          JOIN pg_dist_partition r USING (logicalrelid) JOIN pg_class t ON t.oid = s.logicalrelid
         WHERE s.shardid = substring(o.relname FROM '_([0-9]{1,18})$')::bigint
           AND t.relnamespace = o.relnamespace ${standing === "member" ? "" : "AND r.partmethod = 'n' AND r.repmodel = 't'"}
           AND to_regclass(${shardName("t")}) = o.oid)
    ${names === "" ? "" : `AND o.oid <> ALL (array_remove(ARRAY[${names}]::oid[], NULL))`}`;
}

/** Citus lists what it made on every node; on a server of its own, of which it takes itself for the coordinator, everything. */
function notSpread(standing: "member" | "former"): (catalog: string) => string {
  const listed =
    standing === "member" ? "pg_dist_object m" : "pg_dist_object m JOIN pg_dist_local_group ON groupid <> 0";
  return (catalog) =>
    `NOT EXISTS (SELECT FROM ${listed} WHERE m.classid = '${catalog}'::regclass AND m.objid = o.oid)`;
}

const KINDS = `CASE o.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
   WHEN 'S' THEN 'sequence' WHEN 'p' THEN 'partitioned table' ELSE 'table' END`;

/** Without sequences of columns, which go with their tables. The two of schema `pgdist` are this program's. */
function relations(own: string, sizes = true): string {
  return `SELECT ${KINDS} AS kind, format('%I.%I', n.nspname, o.relname) AS name,
      CASE WHEN NOT ${sizes} THEN 0 WHEN o.relkind IN ('r', 'm') THEN ${fileBytes("o.oid")}
        + CASE o.reltoastrelid WHEN 0 THEN 0 ELSE ${fileBytes("o.reltoastrelid")} END
        ELSE 0 END AS bytes
    FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
   WHERE o.oid >= 16384 AND o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND o.relpersistence <> 't'
     AND n.nspname !~ '^pg_(toast|temp)' AND (n.nspname, o.relname) NOT IN (('pgdist', 'node'), ('pgdist', 'migration'))
     AND ${NOT_OF_AN_EXTENSION("pg_class")}
     AND NOT (o.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid
           AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0))
     AND (${own})
   ORDER BY bytes DESC, name`;
}

/** Definitions hold no rows, but nobody else may have them. Without what goes along with a table or a type. */
const DEFINITIONS: readonly (readonly [catalog: string, condition: string])[] = [
  ["pg_proc", "true"],
  [
    "pg_type",
    "typtype IN ('b', 'c', 'd', 'e', 'r') AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = o.oid) AND (typrelid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND c.relkind = 'c'))",
  ],
  ["pg_operator", "true"],
  ["pg_collation", "true"],
  ["pg_ts_config", "true"],
  ["pg_ts_dict", "true"],
  ["pg_event_trigger", "true"],
  ["pg_publication", "pubname !~ '^citus_shard_(move|split)_'"],
];

function definitions(own: (catalog: string) => string): string {
  return DEFINITIONS.map(
    ([catalog, condition]) => `SELECT '${catalog}'::regclass::oid AS classid, o.oid AS objid FROM ${catalog} o
      WHERE o.oid >= 16384 AND ${condition} AND ${NOT_OF_AN_EXTENSION(catalog)} AND ${own(catalog)}
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'i')`,
  ).join(" UNION ALL ");
}

/**
 * Rows that people wrote into tables of extensions, e.g. the jobs in cron.job. An extension says itself which tables those
 * are, and which of their rows.
 */
const CONFIGURED = `SELECT extname AS extension, format('%I.%I', n.nspname, o.relname) AS name, rows
   FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS c(oid, condition)
   JOIN pg_class o ON o.oid = c.oid AND o.relkind IN ('r', 'p') JOIN pg_namespace n ON n.oid = o.relnamespace,
   LATERAL (SELECT (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I %s', n.nspname, o.relname, c.condition),
      false, true, '')))[1]::text::bigint AS rows) x
  WHERE extname NOT IN ('citus', 'citus_columnar') AND rows > 0`;

function literal(text: string): string {
  // Without a backslash, also where the text has one.
  return `'${text.replaceAll("'", "''")}'`;
}

/** Something that people made, as PostgreSQL identifies it. */
export interface Thing {
  /** Such as `table`, `view`, `function`. */
  readonly kind: string;
  /** Qualified and quoted where it need be; of a function with its arguments. */
  readonly name: string;
}

/** Kinds of what can be a shard. */
export const TABLE_KINDS: readonly string[] = ["table", "partitioned table", "foreign table"];

/**
 * What a registered worker holds of its own in this database, as JSON of {@link Thing}, at most so many: for a glance, without
 * sizes. Some may be Citus' all the same, as only the coordinator knows (see `knownRelations`).
 */
export function ownThings(most: number): string {
  // A move may be under way: what it has made so far is nobody's own.
  const things = list(
    relations(spreadRelations("member", [], true), false),
    definitions(notSpread("member")),
    most,
  );
  return `SELECT coalesce(json_agg(json_build_object('kind', kind, 'name', name)), '[]') FROM (${things}) t`;
}

/** What a server that is in no cluster has beside tables, as JSON of texts: kind and name. */
export function ownDefinitions(most: number): string {
  const views = `SELECT * FROM (${relations("true", false)}) v WHERE kind IN ('view', 'sequence')`;
  const things = list(
    views,
    definitions(() => "true"),
    most,
  );
  return `SELECT coalesce(json_agg(kind || ' ' || name), '[]') FROM (${things}) t`;
}

function list(own: string, objects: string, most: number): string {
  return `SELECT kind, name FROM (${own}) r
    UNION ALL SELECT i.type, i.identity FROM (${objects}) d, pg_identify_object(d.classid, d.objid, 0) i
    LIMIT ${most}`;
}
