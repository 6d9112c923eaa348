import { fileBytes } from "../shards/relation-bytes";
import { quoteLiteral } from "../connection/quote-literal";
import { shardName } from "../shards/shard-name";
import { IS_MADE_OF, type Part, partsOf } from "./parts";

/** A shard that is to move. */
export interface MovingShard {
  readonly shardid: string;
  /** As `regclass` takes it. */
  readonly name: string;
  readonly table: string;
}

/** What depends on shards of a node. */
export interface NodeDependents {
  /** Citus drops each with the shard. The newest is the first, so that they can be dropped in this order. */
  readonly dropped: readonly Dropped[];
  /** Made on the shard itself, whose table has no such part as far as this node knows. */
  readonly parts: readonly ShardPart[];
}

export interface Dropped {
  /** As PostgreSQL calls it: `materialized view`, `table constraint`, `table column`, ... */
  readonly kind: string;
  /** As PostgreSQL describes it: `public.v`, `fk on public.mine`, `public.mine.price`, `public.f(public.orders_102008)`. */
  readonly name: string;
  /** What has it, where it is a part of a relation. */
  readonly relation: string | null;
  /** Its name there, as an identifier. */
  readonly part: string | null;
  /** Of what has rows. */
  readonly bytes: number | null;
  /** What it is to the shard, if that is its parent. */
  readonly child: "partition" | "heir" | null;
  /** The first of the shards that it depends on. */
  readonly shardid: string;
  readonly shards: number;
}

export interface ShardPart extends Part {
  /** The name with its schema where it has one, as an identifier. */
  readonly identifier: string;
  readonly shardid: string;
}

/**
 * What people made on a node that depends on these shards, as SQL that gives one row with one column of JSON (see
 * `NodeDependents`). Citus makes a moved shard by the definition of its table, and drops the old one with CASCADE
 * (shard_transfer.c, shard_cleaner.c of 13.0). This finds by pg_depend, as the drop itself does, whatever goes in however
 * many steps, also with the row type of the shard. It waits for no lock that people can hold for long.
 *
 * @param known names, as `regclass` takes them, of further relations that are Citus': what only the coordinator knows
 */
export function dependentsQuery(shards: readonly MovingShard[], known: readonly string[]): string {
  const array = (values: readonly string[]) => `ARRAY[${values.map(quoteLiteral).join(", ")}]::text[]`;
  const column = (name: keyof MovingShard) => array(shards.map((shard) => shard[name]));
  return `WITH RECURSIVE moving AS MATERIALIZED (
  SELECT to_regclass(name)::oid AS oid, shardid, to_regclass(shell)::oid AS shell
    FROM unnest(${column("shardid")}, ${column("name")}, ${column("table")}) AS u(shardid, name, shell)
   WHERE to_regclass(name) IS NOT NULL),
shard AS MATERIALIZED (
  SELECT oid FROM moving
  UNION SELECT to_regclass(${shardName()})::oid FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid
  UNION SELECT to_regclass(name)::oid FROM unnest(${array(known)}) name),
${GRAPH},
${OWN},
made AS MATERIALIZED (
  SELECT t.shell, p.* FROM (SELECT DISTINCT shell FROM moving) t, LATERAL ${partsOf("t.shell")} p),
own_parts AS (
  SELECT own.* FROM (SELECT m.oid, m.shardid, m.shell, p.* FROM moving m, LATERAL ${partsOf("m.oid")} p) own
   WHERE NOT EXISTS (SELECT FROM made WHERE made.shell = own.shell AND ${IS_MADE_OF}))
SELECT json_build_object(
  'dropped', (SELECT coalesce(json_agg(json_build_object('kind', type, 'name', identity, 'relation', relation, 'part', part,
       'bytes', bytes, 'child', child, 'shardid', shardid, 'shards', shards) ORDER BY objid DESC, objsubid), '[]') FROM own),
  'parts', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'name', name, 'definition', definition, 'shardid', shardid,
       'identifier', CASE kind WHEN 'index' THEN format('%I.%I', c.relnamespace::regnamespace::name, name)
          WHEN 'statistics object' THEN (SELECT format('%I.%I', stxnamespace::regnamespace::name, name)
             FROM pg_statistic_ext x WHERE x.stxrelid = c.oid AND x.stxname = name LIMIT 1)
          ELSE format('%I', name) END) ORDER BY shardid::bigint, kind, name), '[]')
       FROM own_parts JOIN pg_class c USING (oid)))::text`;
}

/**
 * What depends on the shards, without the other shards. What depends internally on something goes with it, and takes it along:
 * the rule of a view takes the view.
 */
const GRAPH = `graph(classid, objid, objsubid, shardid) AS (
  SELECT 'pg_class'::regclass::oid, oid, 0, shardid FROM moving
  UNION
  SELECT n.classid, n.objid, n.objsubid, g.shardid FROM graph g, LATERAL (
      SELECT d.classid, d.objid, d.objsubid FROM pg_depend d
       WHERE d.refclassid = g.classid AND d.refobjid = g.objid AND (g.objsubid = 0 OR d.refobjsubid = g.objsubid)
         AND d.deptype IN ('n', 'a', 'i', 'P', 'S')
      UNION ALL
      SELECT d.refclassid, d.refobjid, d.refobjsubid FROM pg_depend d
       WHERE d.classid = g.classid AND d.objid = g.objid AND d.deptype = 'i') n
   WHERE NOT (n.classid = 'pg_class'::regclass AND n.objid IN (SELECT oid FROM shard WHERE oid IS NOT NULL))),
found AS MATERIALIZED (
  SELECT classid, objid, objsubid, min(shardid::bigint)::text AS shardid, count(DISTINCT shardid) AS shards
    FROM graph WHERE NOT (classid = 'pg_class'::regclass AND objid IN (SELECT oid FROM moving)) GROUP BY 1, 2, 3)`;

/** Of these, what people made: no part that Citus may have made (see `partsOf`), and nothing that goes along with a thing that is named. */
const OWN = `along AS MATERIALIZED (
  SELECT d.classid, d.objid, d.objsubid FROM pg_depend d JOIN found f ON f.classid = d.refclassid AND f.objid = d.refobjid
   WHERE d.deptype = 'a' AND f.objsubid IN (0, d.refobjsubid)
  UNION
  SELECT part.classid, part.objid, part.objsubid FROM found part JOIN found f USING (classid, objid)
   WHERE part.objsubid > 0 AND f.objsubid = 0),
whose AS (
  SELECT f.*, coalesce(k.conrelid, i.indrelid, t.tgrelid, p.polrelid, a.adrelid, r.ev_class, x.stxrelid, b.prrelid) AS relid,
         coalesce(k.conname, t.tgname, p.polname, r.rulename, u.attname, b.pubname) AS part,
         k.contype = 'f' AND k.confrelid NOT IN (SELECT oid FROM shard WHERE oid IS NOT NULL)
           OR r.oid IS NOT NULL OR b.pubname !~ '^citus_shard_(move|split)_' AS by_hand
    FROM found f
    LEFT JOIN pg_constraint k ON f.classid = 'pg_constraint'::regclass AND k.oid = f.objid AND k.conrelid <> 0
    LEFT JOIN pg_index i ON f.classid = 'pg_class'::regclass AND i.indexrelid = f.objid
    LEFT JOIN pg_trigger t ON f.classid = 'pg_trigger'::regclass AND t.oid = f.objid
    LEFT JOIN pg_policy p ON f.classid = 'pg_policy'::regclass AND p.oid = f.objid
    LEFT JOIN pg_attrdef a ON f.classid = 'pg_attrdef'::regclass AND a.oid = f.objid
    LEFT JOIN pg_rewrite r ON f.classid = 'pg_rewrite'::regclass AND r.oid = f.objid
    LEFT JOIN pg_statistic_ext x ON f.classid = 'pg_statistic_ext'::regclass AND x.oid = f.objid
    LEFT JOIN (SELECT e.oid, e.prrelid, n.pubname FROM pg_publication_rel e JOIN pg_publication n ON n.oid = e.prpubid) b
           ON f.classid = 'pg_publication_rel'::regclass AND b.oid = f.objid
    LEFT JOIN pg_attribute u ON u.attrelid = coalesce(a.adrelid, CASE WHEN f.classid = 'pg_class'::regclass THEN f.objid END)
          AND u.attnum = coalesce(a.adnum, nullif(f.objsubid, 0))),
own AS (
  SELECT n.type, n.identity, o.objid, o.objsubid, o.shardid, o.shards, quote_ident(part) AS part,
         (SELECT CASE WHEN c.relispartition THEN 'partition' ELSE 'heir' END FROM pg_inherits h JOIN moving m ON m.oid = h.inhparent
           WHERE h.inhrelid = c.oid AND o.objsubid = 0 AND m.shardid = o.shardid) AS child,
         coalesce(o.relid, CASE WHEN o.objsubid > 0 THEN c.oid END)::regclass::text AS relation,
         CASE WHEN c.relkind IN ('r', 'm') AND o.objsubid = 0 THEN ${fileBytes("c.oid")} END AS bytes
    FROM whose o LEFT JOIN pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid,
         pg_identify_object(o.classid, o.objid, o.objsubid) n
   WHERE (o.by_hand OR o.relid IS NULL OR o.relid NOT IN (SELECT oid FROM shard WHERE oid IS NOT NULL))
     AND n.identity IS NOT NULL AND coalesce(c.relpersistence, 'p') <> 't' AND coalesce(c.relkind, 'r') <> 't'
     AND NOT EXISTS (SELECT FROM pg_dist_object m WHERE m.classid = o.classid AND m.objid = o.objid)
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype IN ('e', 'i', 'P', 'S'))
     AND NOT EXISTS (SELECT FROM along WHERE along.classid = o.classid AND along.objid = o.objid AND along.objsubid = o.objsubid))`;
