import { askNodes } from "../status/ask-nodes";
import type { Session } from "../session";
import type { NodeRoles } from "./judge-roles";
import { type ProbeOptions, type ProbedNode, type RoleState, probeStatement } from "./probe";
import { type Role, readRoles } from "./read-roles";

/** The roles of a cluster, and what its nodes say of them. */
export interface ClusterRoles {
  readonly roles: readonly Role[];
  /** Those that were asked and answered. */
  readonly nodes: readonly NodeRoles[];
  /** Some node was not asked, or gave no answer in time. */
  readonly partial?: true;
}

export type NamedNode = ProbedNode & { readonly label: string };

/** Below this nothing is asked. In milliseconds. */
const LEAST_MS = 300;

/** Part of a command's time that the roles may take: hundreds of them fail slowly, and everything else is worth more. */
const SHARE = 0.35;

/**
 * The roles that need connections between the nodes, tried by as few connections as tell, owners first.
 *
 * @param timeoutMs of the command in all
 * @param leftMs of it
 */
export async function askRoles(
  session: Session,
  nodes: readonly NamedNode[],
  { timeoutMs, leftMs }: { readonly timeoutMs: number; readonly leftMs: number },
): Promise<ClusterRoles> {
  const roles = await readRoles(session);
  const ownMs = Math.min(timeoutMs * SHARE, leftMs);
  if (ownMs < LEAST_MS) return { roles, nodes: [], partial: true };
  const names = roles.map(({ name }) => name);
  const answers = await probeRoles(session, names, nodes, { whom: "next", timeoutMs: ownMs });
  const partial = roles.length > 0 && answers.length < nodes.length;
  return { roles, nodes: answers, ...(partial ? { partial } : {}) };
}

/**
 * Lets each of the nodes connect to others as each of the roles. The coordinator is asked as the others, by a connection of
 * its own to itself, so that no connection which the session has open is taken for one that can be made.
 *
 * @returns the nodes that answered
 */
export async function probeRoles(
  session: Session,
  roles: readonly string[],
  nodes: readonly NamedNode[],
  { whom, timeoutMs }: Pick<ProbeOptions, "whom"> & { readonly timeoutMs: number },
): Promise<NodeRoles[]> {
  if (roles.length === 0 || nodes.length === 0) return [];
  const answers = await askNodes(
    session,
    nodes.map(({ endpoint }) => endpoint),
    (limitMs) => probeStatement(roles, nodes, { whom, limitMs: limitMs * 0.8 }),
    timeoutMs,
  );
  return nodes.flatMap(({ label, groupid }, index) => {
    const answer = answers[index];
    if (answer === undefined || !("value" in answer)) return [];
    return [{ label, groupid, states: JSON.parse(answer.value) as RoleState[] }];
  });
}
