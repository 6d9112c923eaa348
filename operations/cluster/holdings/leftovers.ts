import type { Session } from "../connection/session";
import { shardName } from "../shards/shard-name";

/**
 * What Citus 13 leaves on a worker whose metadata sync was stopped and which was removed: its copies of reference tables,
 * and schemas, types, functions, sequences and the like that were made there for distributed tables. Their names are on the
 * coordinator, so that this can be done again. Roles and extensions stay: they hold nothing, and people may use them.
 * By ROUTINE, since an aggregate without arguments, `cnt()` as it is identified, has another syntax than the others.
 */
const LEFTOVERS = `
  SELECT 'TABLE' AS kind, ${shardName()} AS name, 1 AS step
    FROM pg_dist_partition p
    JOIN pg_dist_shard s USING (logicalrelid)
    JOIN pg_class c ON c.oid = s.logicalrelid
   WHERE p.partmethod = 'n' AND p.repmodel = 't' AND ${shardName()} IS NOT NULL
  UNION ALL
  SELECT CASE WHEN i.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE' ELSE upper(i.type) END, i.identity,
         CASE i.type WHEN 'schema' THEN 3 ELSE 2 END
    FROM pg_dist_object o, pg_identify_object(o.classid, o.objid, o.objsubid) i
   WHERE i.type = ANY (ARRAY['view', 'sequence', 'function', 'procedure', 'aggregate', 'type', 'collation', 'schema',
           'text search configuration', 'text search dictionary', 'foreign table', 'server', 'publication'])
     AND i.identity <> 'public' AND i.schema IS DISTINCT FROM 'pg_catalog'
   ORDER BY 3`;

/** An object that was the cluster's, e.g. `TYPE` and `public.mood`. */
export interface Leftover {
  readonly kind: string;
  readonly name: string;
}

/** In the order in which they can be dropped. */
export async function readLeftovers(session: Session): Promise<readonly Leftover[]> {
  return session.query<Leftover>(LEFTOVERS);
}

/** Names, as `databaseQuery` has them, of what such a worker may still have. */
export async function leftoverNames(session: Session): Promise<Set<string>> {
  const leftovers = await readLeftovers(session);
  return new Set(leftovers.map(({ name }) => name));
}
