import type { Endpoint } from "../../../model/cluster";
import { quoteLiteral } from "../connection/quote-literal";

/** A node that takes part, by the group that it knows itself as. */
export interface ProbedNode {
  readonly groupid: number;
  readonly endpoint: Endpoint;
}

export type NamedNode = ProbedNode & { readonly label: string };

/** What one node says of one role. */
export interface RoleState {
  readonly role: string;
  readonly exists: boolean;
  readonly login: boolean;
  /** Whether the role has a password there at all. */
  readonly password: boolean;
  /** VALID UNTIL is over. */
  readonly expired: boolean;
  /** CONNECTION LIMIT 0 of one that isn't a superuser. */
  readonly barred: boolean;
  /** CONNECT on the database. */
  readonly connect: boolean;
  /** Whether pg_dist_authinfo has a row for it there. */
  readonly stored: boolean;
  readonly reached: readonly RoleReach[];
}

/** Whether a connection as the role leads to the node of that group; null where it wasn't tried. */
export interface RoleReach {
  readonly groupid: number;
  readonly ok: boolean | null;
  /** What the server said that refused it, where that was asked. */
  readonly said?: string;
}

export interface ProbeOptions {
  /**
   * `next`: each node tries only the one after it, the last one the first. What fails is nearly always what a node has
   * stored, or what another one has in its catalog, and each of both is tried so by as few connections as there are nodes.
   * `all`: every pair. `none`: only what the catalogs say.
   */
  readonly whom: "next" | "all" | "none";
  /** How long the tries of one node may take together, in milliseconds; what is left then is not tried. */
  readonly limitMs: number;
}

/** One try may take this long, in milliseconds, or what is left. */
const CONNECT_MS = 3000;

/**
 * Lets a node connect to others as each of the roles, by Citus itself: it connects as whoever the current user is, with what
 * it finds in pg_dist_authinfo, PGPASSWORD, a passfile or a certificate, so that this is the very connection of that role's
 * queries. Those without a stored password come first, as they fail most likely. No connection is kept: a role may have
 * few. One statement with one value for every node alike; run as superuser.
 */
export function probeStatement(
  roles: readonly string[],
  nodes: readonly ProbedNode[],
  { whom, limitMs }: ProbeOptions,
): string {
  const names = roles.map((role, index) => `(${index}, ${quoteLiteral(role)}::name)`).join(", ");
  const peers = nodes
    .map(({ groupid, endpoint: { host, port } }) => `(${groupid}, ${quoteLiteral(host)}, ${port})`)
    .join(", ");
  const order = {
    next: "(p.groupid > l.groupid) DESC, p.groupid LIMIT 1",
    all: "p.groupid",
    none: "p.groupid LIMIT 0",
  }[whom];
  return `WITH patience AS MATERIALIZED (
      SELECT set_config('citus.node_connection_timeout', '${Math.round(Math.min(CONNECT_MS, Math.max(limitMs, 50)))}', true),
             set_config('citus.max_cached_conns_per_worker', '0', true)),
    role(n, name) AS (VALUES ${names}),
    peer(groupid, host, port) AS (VALUES ${peers}),
    asked AS MATERIALIZED (SELECT p.* FROM peer p, pg_dist_local_group l ORDER BY ${order}),
    known AS MATERIALIZED (
      SELECT r.n, r.name, a.oid IS NOT NULL AS exists, coalesce(a.rolcanlogin, false) AS login,
             a.rolpassword IS NOT NULL AS password, coalesce(a.rolvaliduntil < now(), false) AS expired,
             coalesce(a.rolconnlimit = 0 AND NOT a.rolsuper, false) AS barred,
             coalesce(has_database_privilege(a.oid, current_database(), 'CONNECT'), false) AS connect,
             EXISTS (SELECT FROM pg_dist_authinfo i WHERE i.rolename = r.name) AS stored
        FROM patience, role r LEFT JOIN pg_authid a ON a.rolname = r.name)
    SELECT coalesce(json_agg(json_build_object(
             'role', k.name, 'exists', k.exists, 'login', k.login, 'password', k.password, 'expired', k.expired,
             'barred', k.barred, 'connect', k.connect, 'stored', k.stored,
             'reached', (SELECT coalesce(json_agg(json_build_object('groupid', p.groupid, 'ok',
                          CASE WHEN NOT k.exists OR clock_timestamp() > statement_timestamp() + interval '${Math.round(limitMs)} ms'
                               THEN NULL
                               WHEN set_config('role', k.name, true) IS NOT NULL
                               THEN citus_check_connection_to_node(p.host, p.port) END) ORDER BY p.groupid), '[]')
                           FROM asked p))), '[]')::text
      FROM (SELECT * FROM known ORDER BY stored, n) k`;
}
