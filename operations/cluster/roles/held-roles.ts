import type { Endpoint } from "../../../model/cluster";
import { quoteLiteral } from "../connection/quote-literal";
import { type Answer, runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";

/** What one server has of a role. All of it is secret. */
export interface HeldRole {
  /** All attributes as the words of ALTER ROLE, its password's verifier among them: equal where the roles are. */
  readonly attributes: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly verifier: string | null;
  /** Of pg_dist_authinfo for any node. */
  readonly authinfo: string | null;
}

/** By the role's name; a role that the server lacks is not in it. */
export type HeldRoles = Readonly<Record<string, HeldRole>>;

const ATTRIBUTES = `concat_ws(' ',
  CASE WHEN a.rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END, CASE WHEN a.rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
  CASE WHEN a.rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
  CASE WHEN a.rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END, CASE WHEN a.rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
  CASE WHEN a.rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END,
  CASE WHEN a.rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END, 'CONNECTION LIMIT ' || a.rolconnlimit,
  'PASSWORD ' || coalesce(quote_literal(a.rolpassword), 'NULL'),
  'VALID UNTIL ' || CASE WHEN isfinite(a.rolvaliduntil)
     THEN quote_literal(to_char(a.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00') ELSE '''infinity''' END)`;

function heldStatement(roles: readonly string[]): string {
  const names = roles.map((role) => `(${quoteLiteral(role)}::name)`).join(", ");
  return `SELECT coalesce(json_object_agg(a.rolname, json_build_object('attributes', ${ATTRIBUTES}, 'login', a.rolcanlogin,
            'superuser', a.rolsuper, 'verifier', a.rolpassword,
            'authinfo', (SELECT i.authinfo FROM pg_dist_authinfo i WHERE i.nodeid = 0 AND i.rolename = a.rolname))), '{}')::text AS held
     FROM (VALUES ${names}) r(name) JOIN pg_authid a ON a.rolname = r.name`;
}

/** What the coordinator has. */
export async function heldByCoordinator(session: Session, roles: readonly string[]): Promise<HeldRoles> {
  if (roles.length === 0) return {};
  const [row] = await session.query<{ held: string }>(heldStatement(roles));
  return JSON.parse(row?.held ?? "{}") as HeldRoles;
}

/** What other nodes have, in their order; or why one didn't say. */
export async function heldByNodes(
  session: Session,
  endpoints: readonly Endpoint[],
  roles: readonly string[],
): Promise<(HeldRoles | Extract<Answer, { error: string }>)[]> {
  if (roles.length === 0) return endpoints.map(() => ({}));
  const answers = await runOnNodes(
    session,
    endpoints,
    endpoints.map(() => heldStatement(roles)),
  );
  return answers.map((answer) =>
    "value" in answer ? (JSON.parse(answer.value ?? "{}") as HeldRoles) : answer,
  );
}

/**
 * Gives a node a role as the coordinator has it. Citus does so itself for roles that it has recorded as distributed; not for one
 * that was made or altered while citus.enable_create_role_propagation, or the like, was off. Memberships are left alone.
 */
export function alignStatement(role: string, { attributes }: HeldRole): string {
  const name = `"${role.replaceAll('"', '""')}"`;
  return `WITH here AS MATERIALIZED (SELECT set_config('citus.enable_ddl_propagation', 'off', true) AS propagation)
    SELECT worker_create_or_alter_role(${quoteLiteral(role)}, ${quoteLiteral(`CREATE ROLE ${name} ${attributes}`)},
             ${quoteLiteral(`ALTER ROLE ${name} ${attributes}`)})::text FROM here WHERE propagation = 'off'`;
}
