import type { Session } from "../connection/session";

/** Where the cluster's own rebalance strategy lets shards be. */
export interface Strategy {
  /** In pg_dist_rebalance_strategy. */
  readonly name: string;
  /** What it asks beside Citus' own functions, which allow everything: for messages. */
  readonly functions: readonly string[];
  /** Whether none of the shards with this key is forbidden on the node. */
  allows(key: string, nodeid: number): boolean;
  /** How much a node carries beside others; 0: nothing. */
  capacity(nodeid: number): number;
}

/** Shards that stay together. */
export interface Kept {
  readonly key: string;
  readonly shardids: readonly string[];
}

/** Citus' own, which need not be asked. */
const ANYWHERE = "citus_shard_allowed_on_node_true";
const SAME = "citus_node_capacity_1";

/**
 * Reads the strategy that Citus itself takes where none is named (`citus_set_default_rebalance_strategy`), and asks its
 * functions. `shard_cost_function` and the thresholds only say what is worth a move, which a node that leaves decides.
 */
export async function readStrategy(
  session: Session,
  groups: readonly Kept[],
  nodeids: readonly number[],
): Promise<Strategy> {
  // As text the functions have their schemas, since no other is in our search_path.
  const [row] = await session.query<{ name: string; capacity: string; allowed: string }>(
    `SELECT name, node_capacity_function::text AS capacity, shard_allowed_on_node_function::text AS allowed
       FROM pg_dist_rebalance_strategy WHERE default_strategy`,
  );
  const capacityFunction = row === undefined || isOwn(row.capacity, SAME) ? undefined : row.capacity;
  const allowedFunction = row === undefined || isOwn(row.allowed, ANYWHERE) ? undefined : row.allowed;
  const capacities = new Map<number, number>();
  if (capacityFunction !== undefined) {
    const rows = await session.query<{ nodeid: number; capacity: number }>(
      `SELECT n.nodeid, ${capacityFunction}(n.nodeid)::float8 AS capacity FROM unnest($1::int[]) n(nodeid)`,
      [[...nodeids]],
    );
    for (const { nodeid, capacity } of rows) capacities.set(nodeid, capacity);
  }
  const forbidden = new Set<string>();
  if (allowedFunction !== undefined) {
    const shards = groups.flatMap(({ key, shardids }) => shardids.map((shardid) => ({ key, shardid })));
    const rows = await session.query<{ key: string; nodeid: number }>(
      `SELECT s.key, n.nodeid FROM unnest($1::text[], $2::bigint[]) s(key, shardid) CROSS JOIN unnest($3::int[]) n(nodeid)
        GROUP BY 1, 2 HAVING NOT coalesce(bool_and(${allowedFunction}(s.shardid, n.nodeid)), false)`,
      [shards.map(({ key }) => key), shards.map(({ shardid }) => shardid), [...nodeids]],
    );
    for (const { key, nodeid } of rows) forbidden.add(`${key} ${nodeid}`);
  }
  const capacity = (nodeid: number) => capacities.get(nodeid) ?? 1;
  return {
    name: row?.name ?? "",
    functions: [allowedFunction, capacityFunction].flatMap((name) => name ?? []),
    allows: (key, nodeid) => capacity(nodeid) > 0 && !forbidden.has(`${key} ${nodeid}`),
    capacity,
  };
}

function isOwn(name: string, own: string): boolean {
  return name.replace(/^pg_catalog\./, "") === own;
}
