import type { Session } from "../connection/session";

/** A role that the nodes connect to each other as: Citus runs its queries on the other nodes under its own name. */
export interface Role {
  readonly name: string;
  /** NOLOGIN roles own tables, too. */
  readonly login: boolean;
  /** How many distributed, reference and schema-sharded tables it owns, partitions among them. */
  readonly owns: number;
  /** The first few of them, by name. */
  readonly tables: readonly string[];
  /** Schemas in which it owns some, and may not make any. */
  readonly closed: readonly string[];
}

/** Tables that are named in a sentence; the others are a number. */
export const NAMED_TABLES = 3;

/** Schemas of a group of tables, as `pg_class c`, in which their owner may not make one. */
export const CLOSED = `coalesce(array_agg(DISTINCT c.relnamespace::regnamespace::text) FILTER (
    WHERE NOT (has_schema_privilege(c.relowner, c.relnamespace, 'CREATE')
               AND has_schema_privilege(c.relowner, c.relnamespace, 'USAGE'))), '{}')`;

/**
 * Owners of tables of Citus, and whoever else may read or write one: roles that log in, and owners of SECURITY DEFINER
 * functions, which run as them. Not the session's own role, whose connections every look at a node needs, and not the
 * roles that Citus makes for the time of a move. Tables with the same owner and the same privileges are asked about once:
 * a cluster may have thousands of partitions.
 */
const ROLES = `WITH tables AS MATERIALIZED (
    SELECT c.oid, c.relowner, c.relnamespace, c.relacl, c.oid::regclass::text AS name
      FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid),
  owners AS (SELECT relowner AS oid, count(*)::int AS owns, (array_agg(name ORDER BY name))[1:${NAMED_TABLES}] AS tables,
                    ${CLOSED} AS closed
               FROM tables c GROUP BY relowner),
  kinds AS MATERIALIZED (
    SELECT min(oid) AS oid FROM tables GROUP BY relowner, relacl::text
     UNION SELECT t.oid FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attacl IS NOT NULL),
  definers AS (SELECT DISTINCT p.proowner AS oid FROM pg_proc p
                WHERE p.prosecdef AND p.prokind IN ('f', 'p') AND NOT EXISTS (
                  SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
  SELECT r.rolname AS name, r.rolcanlogin AS login, coalesce(o.owns, 0) AS owns, coalesce(o.tables, '{}') AS tables, coalesce(o.closed, '{}') AS closed
    FROM pg_roles r LEFT JOIN owners o USING (oid)
   WHERE r.rolname <> current_user AND r.rolname NOT LIKE 'pg\\_%' AND r.rolname NOT LIKE 'citus\\_shard\\_%\\_role\\_%'
     AND (o.oid IS NOT NULL
          OR (r.rolcanlogin OR r.oid IN (SELECT oid FROM definers))
             AND EXISTS (SELECT FROM kinds k
                          WHERE has_any_column_privilege(r.oid, k.oid, 'SELECT, INSERT, UPDATE')
                             OR has_table_privilege(r.oid, k.oid, 'DELETE, TRUNCATE')))
   ORDER BY coalesce(o.owns, 0) DESC, r.rolname`;

/** Who must be able to connect from node to node; owners first. */
export async function readRoles(session: Session): Promise<Role[]> {
  return session.query<Role>(ROLES);
}
