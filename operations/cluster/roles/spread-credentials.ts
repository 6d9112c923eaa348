import type { Endpoint } from "../../../model/cluster";
import { type Problem, problemsFailure } from "../../base/failure";
import { storeStatement } from "../nodes/credentials";
import { runOnNodes } from "../nodes/run-on-nodes";
import { remedyForSetting } from "../nodes/setting-cause";
import type { Session } from "../connection/session";
import { type HeldRole, alignStatement, heldByCoordinator, heldByNodes } from "./held-roles";
import { quoteName } from "../../base/shown-words";
import { AGAIN, advise } from "../../base/remedy";

export interface CredentialedNode {
  /** Id or endpoint. */
  readonly label: string;
  readonly endpoint: Endpoint;
}

/** What was done on one node for one role. */
export interface Spread {
  readonly role: string;
  readonly node: string;
  /** `aligned`: the role was missing there, or differed from the coordinator's. */
  readonly what: "aligned" | "stored";
}

/** Roles whose credentials the coordinator has stored, the session's own left out, which registration looks after. */
export async function storedRoles(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT i.rolename AS name FROM pg_dist_authinfo i JOIN pg_authid a ON a.rolname = i.rolename
      WHERE i.nodeid = 0 AND i.rolename <> current_user ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/**
 * Makes the nodes store what the coordinator has stored for these roles, and have the roles as it has them: it is the truth for
 * both. Only what differs is sent, the secret encrypted (see `storeStatement`).
 *
 * @throws Failure with every node that could not be asked or written
 */
export async function spreadCredentials(
  session: Session,
  roles: readonly string[],
  nodes: readonly CredentialedNode[],
): Promise<Spread[]> {
  const own = await heldByCoordinator(session, roles);
  const wanted = Object.entries(own).filter(([, { authinfo }]) => authinfo !== null);
  const held = await heldByNodes(
    session,
    nodes.map(({ endpoint }) => endpoint),
    wanted.map(([role]) => role),
  );
  const problems: Problem[] = [];
  const aligning: Work[] = [];
  const storing: Work[] = [];
  for (const [index, node] of nodes.entries()) {
    const theirs = held[index];
    if (theirs === undefined || isError(theirs)) {
      problems.push(unreached(node, theirs?.error ?? "no answer"));
      continue;
    }
    for (const [role, want] of wanted) {
      const have = theirs[role];
      if (have?.attributes !== want.attributes)
        aligning.push({ role, node, statement: alignStatement(role, want) });
      // Which the node has by then: the key that hides the secret is made of it.
      if (have?.authinfo !== want.authinfo) storing.push({ role, node, statement: statementFor(role, want) });
    }
  }
  const unaligned = await carryOut(session, aligning, "making the role as the coordinator has it");
  problems.push(...unaligned.map(({ problem }) => problem));
  const ready = storing.filter((work) =>
    unaligned.every((each) => each.work.node !== work.node || each.work.role !== work.role),
  );
  problems.push(...(await carryOut(session, ready, "storing its password")).map(({ problem }) => problem));
  const [first, ...others] = problems;
  if (first !== undefined) throw problemsFailure([first, ...others], "credentials are not on every node");
  return [
    ...aligning.map(({ role, node }): Spread => ({ role, node: node.label, what: "aligned" })),
    ...storing.map(({ role, node }): Spread => ({ role, node: node.label, what: "stored" })),
  ];
}

function isError(held: object): held is { error: string } {
  return "error" in held && "connected" in held;
}

interface Work {
  readonly role: string;
  readonly node: CredentialedNode;
  readonly statement: string;
}

function statementFor(role: string, { authinfo, verifier }: HeldRole): string {
  return storeStatement(role, authinfo ?? "", verifier);
}

interface Failed {
  readonly work: Work;
  readonly problem: Problem;
}

/** @returns what failed */
async function carryOut(session: Session, work: readonly Work[], what: string): Promise<Failed[]> {
  const answers = await runOnNodes(
    session,
    work.map(({ node }) => node.endpoint),
    work.map(({ statement }) => statement),
  );
  return work.flatMap((each, index) => {
    const { role, node } = each;
    const answer = answers[index];
    if (answer !== undefined && "value" in answer) return [];
    const setting = remedyForSetting(answer?.error ?? "");
    const problem = {
      node: node.label,
      what: `role ${quoteName(role)}: ${what} failed: ${answer?.error ?? "no answer"}`,
      remedy:
        setting === undefined
          ? advise`see the server's log, then ${AGAIN}`
          : advise`${setting}; then ${AGAIN}`,
    };
    return [{ work: each, problem }];
  });
}

function unreached({ label }: CredentialedNode, error: string): Problem {
  return {
    node: label,
    what: `it could not be asked for its roles: ${error}`,
    remedy: advise`check that it is up, then ${AGAIN}`,
  };
}

/** For a line of progress: `app: password stored on a, b`. */
export function describeSpread(spread: readonly Spread[]): string[] {
  const roles = [...new Set(spread.map(({ role }) => role))];
  return roles.flatMap((role) =>
    (["aligned", "stored"] as const).flatMap((what) => {
      const nodes = spread.filter((each) => each.role === role && each.what === what).map(({ node }) => node);
      if (nodes.length === 0) return [];
      const done =
        what === "aligned" ? "made as the coordinator has it on" : "password for the other nodes stored on";
      return [`role ${quoteName(role)}: ${done} ${nodes.join(", ")}`];
    }),
  );
}
