import type { Endpoint } from "../../../model/cluster";
import { COORDINATOR_GROUP, readRegistered, sameEndpoint } from "../nodes/registered";
import { runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";
import type { Explained } from "../nodes/connection-cause";
import type { NamedNode } from "./probe";
import { explainRoles } from "./explain-role";
import type { NodeRoles } from "./judge-roles";
import { type RoleState, probeStatement } from "./probe";
import { tryFailed } from "./try-failed";
import { CLOSED, NAMED_TABLES, type Role } from "./read-roles";

/** Time for all tries of one node, in milliseconds. */
const LIMIT_MS = 60_000;

/** Where shards of which tables are to go. */
export interface OwnedMoves {
  readonly tables: readonly string[];
  readonly targets: readonly { readonly label: string; readonly endpoint: Endpoint }[];
}

/**
 * Owners of these tables as which the coordinator can't connect to a node that is to receive shards: it makes the shards
 * there as their owner, a table colocated with others as its own, whether that role may log in or not. No other connection
 * of a move is the owner's: copying and catching up are the superuser's (run on Citus 13.0.3, block_writes and
 * force_logical).
 */
export async function findImmobileOwners(session: Session, moves: OwnedMoves): Promise<Explained[]> {
  const { tables, targets } = moves;
  const owners = await readOwners(session, tables);
  if (owners.length === 0 || targets.length === 0) return [];
  const names = owners.map(({ name }) => name);
  const registered = await readRegistered(session);
  const coordinator = registered.find(({ groupid }) => groupid === COORDINATOR_GROUP);
  // Without its own address it can't be asked as another node is.
  if (coordinator === undefined) return [];
  const others = targets.flatMap(({ label, endpoint }): NamedNode[] => {
    const row = registered.find((node) => sameEndpoint(node.endpoint, endpoint));
    return row === undefined || row.groupid === COORDINATOR_GROUP ? [] : [{ ...row, label }];
  });
  if (others.length === 0) return [];
  const nodes: NamedNode[] = [{ ...coordinator, label: "the coordinator" }, ...others];
  const answers = await runOnNodes(
    session,
    nodes.map(({ endpoint }) => endpoint),
    // The others only say whether they have the role, and whether it may log in.
    nodes.map(({ groupid }) =>
      probeStatement(names, others, {
        whom: groupid === COORDINATOR_GROUP ? "all" : "none",
        limitMs: LIMIT_MS,
      }),
    ),
  );
  const states = nodes.flatMap(({ label, groupid }, index): NodeRoles[] => {
    const answer = answers[index];
    if (answer === undefined || !("value" in answer)) return [];
    return [{ label, groupid, states: JSON.parse(answer.value ?? "[]") as RoleState[] }];
  });
  const told = await tryFailed(session, nodes, states, LIMIT_MS);
  return explainRoles({ roles: owners, nodes: told }, session.place);
}

/** Owners other than the session's own role, whose connections are checked as reachability. */
async function readOwners(session: Session, tables: readonly string[]): Promise<Role[]> {
  return session.query<Role>(
    `SELECT r.rolname AS name, r.rolcanlogin AS login, count(*)::int AS owns,
            (array_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text))[1:${NAMED_TABLES}] AS tables,
            ${CLOSED} AS closed
       FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
      WHERE c.oid IN (SELECT to_regclass(name) FROM unnest($1::text[]) name) AND r.rolname <> current_user
      GROUP BY 1, 2 ORDER BY 1`,
    [[...tables]],
  );
}
