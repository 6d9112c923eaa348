/**
 * A condition of SQL on a row `t` of pg_dist_partition: whether its shards are on some nodes and not on all, as those of a
 * reference table are; with those of a table of one shard, and without local tables.
 */
export const IS_SPREAD = "(t.partmethod <> 'n' OR (t.repmodel <> 't' AND t.colocationid <> 0))";
