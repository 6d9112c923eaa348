import { commandArguments } from "../../base/command-line";
import type { Finding } from "../../base/finding";
import type { Place } from "../../base/place";
import type { Snapshot, SnapshotNode } from "./snapshot";

/** Looks at a snapshot and nothing else. */
export type Check = (snapshot: Snapshot) => Finding[];

/** A check that looks at each node by itself. */
export function ofEachNode(check: (node: SnapshotNode, snapshot: Snapshot) => readonly Finding[]): Check {
  return (snapshot) => snapshot.nodes.flatMap((node) => check(node, snapshot));
}

/** For what sentences of other parts name. */
export function placeOf({
  environment,
  otherDatabase,
  database,
}: Pick<Snapshot, "environment" | "otherDatabase" | "database">): Place {
  return otherDatabase ?? { environment, database };
}

/** A command line of this program for the same cluster, which has the one or the other. */
export function commandLine(
  { environment, otherDatabase, url = "" }: Pick<Snapshot, "environment" | "otherDatabase" | "url">,
  command: string,
): string {
  const named = otherDatabase === undefined ? `--url ${url}` : commandArguments(otherDatabase);
  return `\`npx pg-dist ${command} ${environment ?? named}\``;
}

/** The command of a rebalance, which needs an environment; else what it is in SQL. */
export function rebalanceCommand(
  { environment, otherDatabase }: Snapshot,
  action: "plan" | "start" | "watch",
): string {
  const named = otherDatabase === undefined ? environment : commandArguments(otherDatabase);
  return named === undefined ? REBALANCE_SQL[action] : `\`npx pg-dist rebalance ${named} ${action}\``;
}

const REBALANCE_SQL = {
  plan: "`SELECT * FROM get_rebalance_table_shards_plan()`",
  start: "`SELECT citus_rebalance_start()`",
  watch: "`SELECT * FROM get_rebalance_progress()`",
};
