import { BLOCK_WRITES } from "../shards/movable-tables";
import type { Remedy } from "../../base/remedy";
import { WAL_LEVEL_REMEDY } from "../nodes/remedies";

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
): { what: string; remedy: Remedy } | undefined {
  if (level === "logical") return undefined;
  return {
    what: `its shards can't be moved online: wal_level is ${level}`,
    remedy: `${WAL_LEVEL_REMEDY}, or ${blockWrites}`,
  };
}
