/** Since when a worker waits for its share of the shards; null for one that has it, or is to get none by itself. */
export const rebalanceDue = [
  "ALTER TABLE pgdist.node ADD COLUMN IF NOT EXISTS rebalance_due timestamptz",
] as const;
