/** PostgreSQL splits a relation into files of 1 GB. */
const SEGMENT = 1024 ** 3;

/**
 * Expression of SQL: bytes of a relation's own files, 0 for one without a file. Unlike pg_relation_size() it takes no lock:
 * beside somebody's open ALTER TABLE that would wait for the end of their transaction. Without the free space and visibility
 * maps, which hardly count.
 *
 * @param oid expression of it
 */
export function fileBytes(oid: string): string {
  return `(SELECT CASE WHEN f.size < ${SEGMENT} THEN f.size ELSE (WITH RECURSIVE s(n, size) AS (SELECT 0, f.size
        UNION ALL SELECT n + 1, (pg_stat_file(f.path || '.' || (n + 1), true)).size FROM s WHERE s.size = ${SEGMENT})
      SELECT sum(size)::bigint FROM s) END
    FROM (SELECT path, coalesce((pg_stat_file(path, true)).size, 0) AS size
            FROM (SELECT pg_relation_filepath(${oid}) AS path) p) f)`;
}

/**
 * The same of a table with its indexes and what it keeps out of line, as pg_total_relation_size() has it.
 *
 * @param oid expression of it, not of pg_class or pg_index
 */
export function totalBytes(oid: string): string {
  return `(SELECT coalesce(sum(${fileBytes("r.oid")}), 0)::bigint FROM (SELECT ${oid}::oid AS oid
      UNION ALL SELECT reltoastrelid FROM pg_class WHERE oid = ${oid}
      UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = ${oid}
      UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = ${oid})) r)`;
}
