import type { Endpoint } from "../../../model/cluster";
import type { Problem } from "../../base/failure";
import { lookTwice } from "../../base/look-twice";
import { runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";
import { MISSING, MOST_MISSING } from "../nodes/node-state";
import { AGAIN, advise } from "../../base/remedy";

/** A node, and its shards that are to move. */
export interface ShardSource {
  readonly label: string;
  readonly endpoint: Endpoint;
  readonly shardids: readonly string[];
}

interface Missing {
  readonly shardid: string;
  readonly name: string;
}

const STATEMENT = `SELECT coalesce(json_agg(json_build_object('shardid', shardid::text, 'name', name) ORDER BY shardid), '[]')::text
  FROM (${MISSING}) t`;

/** What is wrong where shards that the metadata places on a node are not there, and what helps. */
export function describeMissing(count: number, names: readonly string[]): Pick<Problem, "what" | "remedy"> {
  return {
    what: `${count} shard(s) that the metadata places on it are not there: ${names.join(", ")}`,
    remedy:
      "if its volume was replaced by an older copy, bring the newer one back. If they were dropped, restore them alone from a backup: " +
      "PGOPTIONS='-c citus.show_shards_for_app_name_prefixes=* -c citus.enable_manual_changes_to_shards=on' pg_dump -t SHARD there, " +
      "into its database here (the whole backup would take its other shards back in time). Don't move or repair anything until then. Without a backup their rows " +
      "are lost; one is recreated, empty, by: SELECT worker_apply_shard_ddl_command(ID, 'SCHEMA', ddl) FROM " +
      "master_get_table_ddl_events('SCHEMA.TABLE') ddl there (ID is the number at the end of its name), foreign keys and the place " +
      "among partitions apart, which other shards of its table show (\\d)",
  };
}

/** Shards that are to move and are not where they should be: Citus would move all others before it fails. */
export async function findMissingShards(
  session: Session,
  sources: readonly ShardSource[],
): Promise<Problem[]> {
  const looks = await lookTwice(
    () => askSources(session, sources),
    ({ length }) => length === 0,
  );
  if (looks === undefined) return [];
  const { first, again } = looks;
  return sources.flatMap(({ label }, index) => {
    const before = new Set(first[index]?.map(({ shardid }) => shardid));
    const names = (again[index] ?? []).flatMap(({ shardid, name }) => (before.has(shardid) ? [name] : []));
    if (names.length === 0) return [];
    const { what, remedy } = describeMissing(names.length, names.slice(0, MOST_MISSING));
    return [{ node: label, what, remedy: advise`${remedy}; ${AGAIN} when they are there` }];
  });
}

/** Of a node that doesn't answer none: that is said by whatever else is asked of it. */
async function askSources(session: Session, sources: readonly ShardSource[]): Promise<Missing[][]> {
  const answers = await runOnNodes(
    session,
    sources.map(({ endpoint }) => endpoint),
    sources.map(() => STATEMENT),
  );
  return sources.map(({ shardids }, index) => {
    const answer = answers[index];
    if (answer === undefined || !("value" in answer)) return [];
    const moving = new Set(shardids);
    return (JSON.parse(answer.value ?? "[]") as Missing[]).filter(({ shardid }) => moving.has(shardid));
  });
}
