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

/** Spreads lost shards over the nodes that stay, those of one key together, to where there are fewest. */
export function assignShards(lost: readonly LostShard[], heirs: readonly Heir[]): Assignment[] {
  const groups = new Map<string, LostShard[]>();
  for (const shard of lost) groups.set(shard.key, [...(groups.get(shard.key) ?? []), shard]);
  const load = heirs.map((heir) => ({ ...heir }));
  return [...groups.values()].flatMap((shards) => {
    const [heir] = [...load].sort((a, b) => a.shards - b.shards || a.nodeid - b.nodeid);
    if (heir === undefined) return [];
    heir.shards += shards.length;
    return [{ nodeid: heir.nodeid, groupid: heir.groupid, shards }];
  });
}
