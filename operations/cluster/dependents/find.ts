import type { Problem } from "../../base/failure";
import { lookTwice } from "../../base/look-twice";
import { knownRelations } from "../holdings/known-relations";
import type { ShardSource } from "../shards/missing-shards";
import { loopbackOf } from "../nodes/loopback";
import { COORDINATOR_GROUP } from "../nodes/registered";
import { runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";
import { shardName } from "../shards/shard-name";
import { dependentProblems } from "./describe";
import { type MovingShard, type NodeDependents, type ShardPart, dependentsQuery } from "./node-query";
import { IS_MADE_OF, partsOf } from "./parts";

/** A node, and its shards that are to move. */
export interface Source extends ShardSource {
  readonly groupid: number;
}

/**
 * What people made on nodes themselves that depends on shards which are to move, and would be lost with the old shard. That a
 * node doesn't say is a problem too.
 */
export async function findDependents(session: Session, sources: readonly Source[]): Promise<Problem[]> {
  const looks = await lookTwice(
    () => askSources(session, sources),
    ({ problem, dropped, parts }) => !problem && dropped.length + parts.length === 0,
  );
  if (looks === undefined) return [];
  const { first, again } = looks;
  return again.flatMap(({ label, shards, problem, dropped, parts }, index) => {
    if (problem !== undefined) return [problem];
    const before = new Set(first[index]?.parts.map(keyOf));
    const still = parts.filter((part) => before.has(keyOf(part)));
    return dependentProblems(label, { dropped, parts: still }, shards);
  });
}

function keyOf({ kind, name, shardid }: ShardPart): string {
  return `${shardid} ${kind} ${name}`;
}

interface Asked extends NodeDependents {
  readonly label: string;
  /** All of them by their id. */
  readonly shards: ReadonlyMap<string, MovingShard>;
  readonly problem?: Problem;
}

async function askSources(session: Session, sources: readonly Source[]): Promise<Asked[]> {
  const asked = sources.filter(({ shardids }) => shardids.length > 0);
  const shards = await readShards(
    session,
    asked.flatMap(({ shardids }) => shardids),
  );
  const statements: string[] = [];
  for (const { groupid, shardids } of asked) {
    const moving = shardids.flatMap((shardid) => shards.get(shardid) ?? []);
    statements.push(dependentsQuery(moving, await knownRelations(session, groupid)));
  }
  const loopback = await loopbackOf(session);
  const endpoints = asked.map(({ groupid, endpoint }) =>
    groupid === COORDINATOR_GROUP ? loopback : endpoint,
  );
  const answers = await runOnNodes(session, endpoints, statements);
  const found = asked.map(({ label }, index): Asked => {
    const answer = answers[index] ?? { error: "no answer" };
    if ("value" in answer) {
      return { label, shards, ...(JSON.parse(answer.value ?? "null") as NodeDependents) };
    }
    const problem = {
      node: label,
      what: `cannot determine what depends on its shards: ${answer.error}`,
      remedy: "see its log",
    };
    return { label, shards, problem, dropped: [], parts: [] };
  });
  const alone = await withoutMade(
    session,
    found.flatMap(({ parts }) => parts),
    shards,
  );
  return found.map((each) => ({ ...each, parts: each.parts.filter((part) => alone.has(keyOf(part))) }));
}

/** Without those of a table that is dropped just now. */
async function readShards(session: Session, shardids: readonly string[]): Promise<Map<string, MovingShard>> {
  const rows = await session.query<MovingShard>(
    `SELECT * FROM (
       SELECT s.shardid::text, s.logicalrelid::text AS table, ${shardName()} AS name
         FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid WHERE s.shardid = ANY ($1::bigint[])) named
      WHERE name IS NOT NULL`,
    [shardids],
  );
  return new Map(rows.map((shard) => [shard.shardid, shard]));
}

/**
 * Those whose table has no such part on the coordinator either, by whose definition Citus makes the moved shard. Workers have
 * no tables that are distributed by append or by range, and others a moment later.
 */
async function withoutMade(
  session: Session,
  parts: readonly ShardPart[],
  shards: ReadonlyMap<string, MovingShard>,
): Promise<Set<string>> {
  if (parts.length === 0) return new Set();
  const rows = await session.query<ShardPart>(
    `WITH own AS (SELECT * FROM json_to_recordset($1::json) AS x(kind text, name text, definition text, shardid text, shell text)),
       made AS MATERIALIZED (
         SELECT t.shell, p.* FROM (SELECT DISTINCT shell, to_regclass(shell) AS oid FROM own) t, LATERAL ${partsOf("t.oid")} p)
     SELECT kind, name, shardid FROM own
      WHERE to_regclass(shell) IS NOT NULL AND NOT EXISTS (SELECT FROM made WHERE made.shell = own.shell AND ${IS_MADE_OF})`,
    [JSON.stringify(parts.map((part) => ({ ...part, shell: shards.get(part.shardid)?.table })))],
  );
  return new Set(rows.map(keyOf));
}
