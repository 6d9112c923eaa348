import { BLOCK_WRITES } from "../shards/movable-tables";

/**
 * Why shards can't be moved online away from a node, and what to do; undefined where they can. What is written to a shard
 * meanwhile is read from its source's WAL.
 *
 * @param level the node's `wal_level`
 * @param blockWrites how to let writes wait instead, in words
 */
export function explainWalLevel(
  level: string,
  blockWrites = BLOCK_WRITES,
): { what: string; remedy: string } | undefined {
  if (level === "logical") return undefined;
  return {
    what: `its shards can't be moved online: wal_level is ${level}`,
    remedy: `set wal_level=logical in its settings and apply, or ${blockWrites}`,
  };
}
