import type { Fault } from "../../base/finding";
import type { Place } from "../../base/place";
import { type Part, commandIn } from "../../base/remedy";
import type { Snapshot, SnapshotNode } from "./snapshot";

/** Looks at a snapshot and nothing else. */
export type Check = (snapshot: Snapshot) => Fault[];

/** A check that looks at each node by itself. */
export function ofEachNode(check: (node: SnapshotNode, snapshot: Snapshot) => readonly Fault[]): Check {
  return (snapshot) => snapshot.nodes.flatMap((node) => check(node, snapshot));
}

/** For what sentences of other parts name. */
export function placeOf({
  environment,
  otherDatabase,
  database,
  url,
}: Pick<Snapshot, "environment" | "otherDatabase" | "database" | "url">): Place {
  return otherDatabase ?? { environment, database, url };
}

/** The command of a rebalance, which needs an environment; else what it is in SQL. */
export function rebalanceCommand(snapshot: Snapshot, action: "plan" | "start" | "watch"): Part {
  const place = placeOf(snapshot);
  return place.environment === undefined ? REBALANCE_SQL[action] : commandIn(place, "rebalance", action);
}

const REBALANCE_SQL = {
  plan: "`SELECT * FROM get_rebalance_table_shards_plan()`",
  start: "`SELECT citus_rebalance_start()`",
  watch: "`SELECT * FROM get_rebalance_progress()`",
};
