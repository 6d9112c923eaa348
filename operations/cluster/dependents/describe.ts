import { formatBytes } from "../../base/bytes";
import type { Problem } from "../../base/failure";
import type { Dropped, MovingShard, NodeDependents, ShardPart } from "./node-query";
import type { Remedy } from "../../base/remedy";

/** What depends on shards of a node, as problems of their move. */
export function dependentProblems(
  node: string,
  { dropped, parts }: NodeDependents,
  shards: ReadonlyMap<string, MovingShard>,
): Problem[] {
  const shardOf = (shardid: string) => shards.get(shardid) ?? { shardid, name: shardid, table: "" };
  return [
    ...dropped.map((each) => describeDropped(node, each, shardOf(each.shardid))),
    ...parts.map((each) => describePart(node, each, shardOf(each.shardid))),
  ];
}

function describeDropped(node: string, dropped: Dropped, shard: MovingShard): Problem {
  const { kind, name, bytes, shards } = dropped;
  const size = bytes === null ? "" : ` (${formatBytes(bytes)})`;
  const more = shards > 1 ? ` and on ${shards - 1} more` : "";
  return {
    node,
    what: `${kind} ${name}${size} depends on shard ${shard.shardid} of ${shard.table}${more}: Citus would drop it with the shard that moves`,
    remedy: dropRemedy(dropped, shard),
  };
}

/** What keeps as much as can be kept; each by one statement on that node. */
function dropRemedy({ kind, name, relation, part, child }: Dropped, shard: MovingShard): Remedy {
  if (kind === "view" || kind === "materialized view") {
    const more = kind === "view" ? "its privileges" : "its privileges and its indexes";
    return (
      `keep its definition (SELECT pg_get_viewdef('${name.replaceAll("'", "''")}'::regclass) there) with ${more}, ${drop(kind, name)} there, ` +
      `and recreate it over ${shard.table} on the coordinator`
    );
  }
  if (kind === "function" || kind === "procedure") {
    return `keep its definition (pg_get_functiondef), ${drop(kind, name)} there, and recreate it without the shard`;
  }
  if (child === "partition") return `ALTER TABLE ${shard.name} DETACH PARTITION ${name} there; its rows stay`;
  if (child === "heir") return `ALTER TABLE ${name} NO INHERIT ${shard.name} there; its rows stay`;
  if (kind === "table constraint" && relation !== null && part !== null) {
    return `ALTER TABLE ${relation} DROP CONSTRAINT ${part} there; its rows stay`;
  }
  if (kind === "table column" && relation !== null && part !== null) {
    return `ALTER TABLE ${relation} ALTER COLUMN ${part} TYPE text USING ${part}::text there, or give it the row type of ${shard.table} itself`;
  }
  if (kind === "publication relation" && relation !== null && part !== null) {
    return `ALTER PUBLICATION ${part} DROP TABLE ${relation} there; a publication of ${shard.table} can be made on the coordinator`;
  }
  if (kind === "sequence") return `ALTER SEQUENCE ${name} OWNED BY NONE there`;
  return `keep its definition, and ${drop(kind, name)} there`;
}

function describePart(
  node: string,
  { kind, identifier }: ShardPart,
  { shardid, name: shard, table }: MovingShard,
): Problem {
  const what = `${kind} ${identifier} was created on shard ${shardid} of ${table} itself: Citus would create the moved shard without it`;
  const again = `create it on ${table} on the coordinator if it is needed, and `;
  if (kind === "default value") {
    return {
      node,
      what,
      remedy: `${again}ALTER TABLE ${shard} ALTER COLUMN ${identifier} DROP DEFAULT there`,
    };
  }
  if (kind === "table column") {
    return {
      node,
      what,
      remedy: `copy what matters in it, and ALTER TABLE ${shard} DROP COLUMN ${identifier} there`,
    };
  }
  if (kind === "table constraint") {
    return { node, what, remedy: `${again}ALTER TABLE ${shard} DROP CONSTRAINT ${identifier} there` };
  }
  const on = kind === "trigger" || kind === "policy" ? ` ON ${shard}` : "";
  return { node, what, remedy: `${again}${drop(kind, identifier)}${on} there` };
}

/** `DROP RULE r on public.t`: PostgreSQL's own description of a rule, a trigger or a policy is what the statement takes. */
function drop(kind: string, name: string): string {
  return `DROP ${kind === "statistics object" ? "STATISTICS" : kind.toUpperCase()} ${name}`;
}
