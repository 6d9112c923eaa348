/**
 * Expression of SQL: the qualified, quoted name of the shard `s` (a row of pg_dist_shard) of a table; null where the table is
 * dropped while the statement runs. Citus' shard_name() would end the statement then ("object_name does not reference a valid
 * relation"): it looks at what is committed, not at the statement's snapshot, as has_table_privilege() does, which answers
 * null. It also leaves the schema `public` out, which is in nobody's search_path here.
 *
 * @param table name of the table's row of pg_class in the statement
 */
export function shardName(table = "c"): string {
  return `CASE WHEN has_table_privilege(s.logicalrelid, 'SELECT') IS NOT NULL
    THEN CASE ${table}.relnamespace::regnamespace::text WHEN 'public' THEN 'public.' ELSE '' END || shard_name(s.logicalrelid, s.shardid) END`;
}
