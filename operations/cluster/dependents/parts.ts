/** What a table is made of that Citus makes on each of its shards too, and that people can make on one shard alone. */
export interface Part {
  /** As PostgreSQL calls it: `index`, `table constraint`, `table column`, ... */
  readonly kind: string;
  readonly name: string;
  /** Without names, so that it is the same for the table and its shards. */
  readonly definition: string;
}

/**
 * The parts of a relation, for `LATERAL`. Indexes of primary keys and of unique and exclusion constraints stand for those;
 * foreign keys are none, as they depend on another table.
 *
 * @param relid an expression
 */
export function partsOf(relid: string): string {
  return `(
    SELECT 'index' AS kind, c.relname::text AS name,
           i.indisunique::text || substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*') AS definition
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ${relid} AND i.indisvalid
    UNION ALL
    SELECT 'table constraint', conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '')
      FROM pg_constraint WHERE conrelid = ${relid} AND contype = 'c'
    UNION ALL
    SELECT 'trigger', tgname, concat_ws(' ', tgfoid::regprocedure, tgtype)
      FROM pg_trigger WHERE tgrelid = ${relid} AND NOT tgisinternal
    UNION ALL
    SELECT 'policy', polname, concat_ws(' ', polcmd, polpermissive, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
      FROM pg_policy WHERE polrelid = ${relid}
    UNION ALL
    SELECT 'statistics object', stxname, pg_get_statisticsobjdef_columns(oid) FROM pg_statistic_ext WHERE stxrelid = ${relid}
    UNION ALL
    SELECT 'table column', attname, attname FROM pg_attribute WHERE attrelid = ${relid} AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'default value', attname, attname FROM pg_attribute
     WHERE attrelid = ${relid} AND attnum > 0 AND NOT attisdropped AND (atthasdef OR attidentity <> ''))`;
}

/** Whether the part `own` of a shard is what Citus made of the part `made` of its table. It puts the shard's id behind names. */
export const IS_MADE_OF = `made.kind = own.kind AND (made.definition = own.definition
    OR own.name IN (made.name, made.name || '_' || own.shardid))`;
