import { askNodes } from "../nodes/ask-nodes";
import { Deadline } from "../../base/deadline";
import type { Session } from "../connection/session";
import type { NodeRoles } from "./judge-roles";
import { tryFailed } from "./try-failed";
import { type NamedNode, type ProbeOptions, type RoleState, probeStatement } from "./probe";
import { type Role, readRoles } from "./read-roles";

/** The roles of a cluster, and what its nodes say of them. */
export interface ClusterRoles {
  readonly roles: readonly Role[];
  /** Those that were asked and answered. */
  readonly nodes: readonly NodeRoles[];
  /** Some node was not asked, or gave no answer in time. */
  readonly partial?: true;
  /** Some node did not even say what it has stored. */
  readonly unheard?: true;
}

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
  if (ownMs < LEAST_MS) return { roles, nodes: [], partial: true, unheard: true };
  const names = roles.map(({ name }) => name);
  const deadline = Deadline.in(ownMs);
  const tried = await probeRoles(session, names, nodes, { whom: "next", timeoutMs: ownMs * TRIES });
  // Those that could not say it all in time at least say what they have stored, which takes no connections.
  const silent = nodes.filter(({ label }) => !tried.some((answer) => answer.label === label));
  const left = deadline.left();
  const known = await probeRoles(session, names, silent, { whom: "none", timeoutMs: left });
  const answers = nodes.flatMap(({ label }) => [...tried, ...known].filter((each) => each.label === label));
  const partial = roles.length > 0 && tried.length < nodes.length;
  const unheard = answers.length < nodes.length;
  return { roles, nodes: answers, ...(partial ? { partial } : {}), ...(unheard ? { unheard } : {}) };
}

/** Part of the roles' time until every node has tried; the rest is for what failed, and for those that didn't answer. */
const TRIES = 0.7;

/** At least this part of the time is added for what failed. */
const AGAIN = 0.2;

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
  if (roles.length === 0 || nodes.length === 0 || timeoutMs <= 0) return [];
  const deadline = Deadline.in(timeoutMs);
  const answers = await askNodes(
    session,
    nodes.map(({ endpoint }) => endpoint),
    (limitMs) => probeStatement(roles, nodes, { whom, limitMs: limitMs * 0.8 }),
    timeoutMs,
  );
  const heard = nodes.flatMap(({ label, groupid }, index): NodeRoles[] => {
    const answer = answers[index];
    if (answer === undefined || !("value" in answer)) return [];
    return [{ label, groupid, states: JSON.parse(answer.value) as RoleState[] }];
  });
  return tryFailed(session, nodes, heard, deadline.left(timeoutMs * AGAIN));
}
