import type { Strategy } from "../../cluster/moving/strategy";
import type { LostShard } from "./lost-shards";

/** Shards of one key, and the node by nodeid that is to have them. */
export interface Assignment {
  readonly nodeid: number;
  readonly groupid: number;
  readonly shards: readonly LostShard[];
}

/** A node that stays, with how many shards it has. */
export interface Heir {
  readonly nodeid: number;
  readonly groupid: number;
  readonly shards: number;
}

/**
 * Spreads lost shards over the nodes that stay, those of one key together, to where there are fewest of those that the
 * cluster's strategy allows. Where it allows none, it gives way: a shard must be somewhere, or its table stays broken.
 */
export function assignShards(
  lost: readonly LostShard[],
  heirs: readonly Heir[],
  strategy: Pick<Strategy, "allows">,
): Assignment[] {
  const groups = byKey(lost);
  const load = heirs.map((heir) => ({ ...heir }));
  return [...groups.values()].flatMap((shards) => {
    const sorted = [...load].sort((a, b) => a.shards - b.shards || a.nodeid - b.nodeid);
    const key = shards[0]?.key ?? "";
    const heir = sorted.find(({ nodeid }) => strategy.allows(key, nodeid)) ?? sorted[0];
    if (heir === undefined) return [];
    heir.shards += shards.length;
    return [{ nodeid: heir.nodeid, groupid: heir.groupid, shards }];
  });
}

/** Shards that stay together, by their key. */
export function byKey(lost: readonly LostShard[]): Map<string, LostShard[]> {
  const groups = new Map<string, LostShard[]>();
  for (const shard of lost) groups.set(shard.key, [...(groups.get(shard.key) ?? []), shard]);
  return groups;
}
