import { connectionCauses, withCauses } from "../nodes/reachability";
import { Deadline } from "../../base/deadline";
import { runOnNodes } from "../nodes/run-on-nodes";
import type { ServerMessage, Session } from "../connection/session";
import { SQLSTATE, sqlStateOf } from "../connection/sqlstate";
import type { NamedNode } from "./probe";
import type { NodeRoles } from "./judge-roles";
import { type RoleReach, type RoleState, probeStatement } from "./probe";

/**
 * Tries the connections that failed once more, one after the other, and hears what the server says: all nodes at once may
 * themselves use up the connections that a role may have, and only its words tell a wrong password from what else it
 * refuses. Of a node whose password of a role is refused, one is enough.
 *
 * @param limitMs for all of it; what is left then keeps its failure without words
 */
export async function tryFailed(
  session: Session,
  nodes: readonly NamedNode[],
  answers: readonly NodeRoles[],
  limitMs: number,
): Promise<NodeRoles[]> {
  if (!answers.some(({ states }) => states.some(hasFailed))) return [...answers];
  const deadline = Deadline.in(limitMs);
  return withCauses(session, async () => {
    const result: NodeRoles[] = [];
    for (const answer of answers) {
      const from = nodes.find(({ groupid }) => groupid === answer.groupid);
      const states: RoleState[] = [];
      for (const state of answer.states) {
        const retry = from !== undefined && hasFailed(state);
        states.push(retry ? await tryState(session, from, nodes, { state, deadline }) : state);
      }
      result.push({ ...answer, states });
    }
    return result;
  });
}

function hasFailed({ reached }: RoleState): boolean {
  return reached.some(({ ok }) => ok === false);
}

async function tryState(
  session: Session,
  from: NamedNode,
  nodes: readonly NamedNode[],
  { state, deadline }: { readonly state: RoleState; readonly deadline: Deadline },
): Promise<RoleState> {
  const reached: RoleReach[] = [];
  let refused: string | undefined;
  for (const each of state.reached) {
    const to = nodes.find(({ groupid }) => groupid === each.groupid);
    if (each.ok !== false || to === undefined) reached.push(each);
    else if (refused !== undefined) reached.push({ ...each, said: refused });
    else {
      const again = await tryAgain(session, state.role, { from, to }, deadline.left());
      if (again.ok === false && /password/.test(again.said ?? "")) refused = again.said;
      reached.push({ groupid: each.groupid, ...again });
    }
  }
  return { ...state, reached };
}

/** Less than a connection takes. In milliseconds. */
const LEAST_MS = 100;

async function tryAgain(
  session: Session,
  role: string,
  { from, to }: { readonly from: NamedNode; readonly to: NamedNode },
  limitMs: number,
): Promise<Pick<RoleReach, "ok" | "said">> {
  if (limitMs < LEAST_MS) return { ok: false };
  session.takeMessages();
  try {
    const statement = probeStatement([role], [to], { whom: "all", limitMs });
    const [answer] = await runOnNodes(session, [from.endpoint], [statement]);
    if (answer === undefined || !("value" in answer)) return { ok: false };
    const [state] = JSON.parse(answer.value ?? "[]") as RoleState[];
    const ok = state?.reached[0]?.ok ?? false;
    return ok ? { ok } : { ok: false, said: wordsOf(session.takeMessages()) };
  } catch (error) {
    if (sqlStateOf(error) === SQLSTATE.queryCanceled) return { ok: false };
    throw error;
  }
}

/** What a server said that refused a connection of another node: that of the connection, else the last that it said at all. */
export function wordsOf(messages: readonly ServerMessage[]): string | undefined {
  const cause = connectionCauses(messages).at(-1)?.cause;
  const others = messages.filter(
    ({ severity, detail }) => severity === "WARNING" || /from \S+:\d+/.test(detail),
  );
  return (cause ?? others.at(-1)?.text)?.replace(/^(FATAL|ERROR):\s+/, "");
}
