import { randomBytes } from "node:crypto";
import { EXIT, Failure, problemsFailure } from "../failure";
import type { Progress } from "../progress";
import { authinfoOf, storeOnCoordinator } from "../registration/credentials";
import { COORDINATOR_GROUP } from "../registration/pg-dist-node";
import { type NamedNode, probeRoles } from "../roles/ask-roles";
import { credentialsLine, describeFault } from "../roles/explain-role";
import { type HeldRole, heldByCoordinator } from "../roles/held-roles";
import { judgeRole } from "../roles/judge-roles";
import { type RoleState, probeStatement } from "../roles/probe";
import { scramVerifier } from "../roles/scram-verifier";
import { describeSpread, spreadCredentials } from "../roles/spread-credentials";
import { quoteName } from "../shown-words";
import type { Session } from "../session";

/** What the role's password is to be. */
export type NewPassword =
  /** As it is: this must be it. */
  | { readonly kind: "given"; readonly password: string }
  /** It becomes the role's. */
  | { readonly kind: "set"; readonly password: string }
  /** A random one, which nobody learns; the role may log in from then on. */
  | { readonly kind: "generated" };

export interface StoreOptions {
  readonly environment: string;
  /** The active nodes, the coordinator among them. */
  readonly nodes: readonly NamedNode[];
  readonly timeoutMs: number;
  readonly progress: Progress;
}

/**
 * The role as the coordinator has it.
 *
 * @throws Failure (refused) where it isn't there
 */
export async function requireRole(session: Session, role: string): Promise<HeldRole> {
  const held = (await heldByCoordinator(session, [role]))[role];
  if (held !== undefined) return held;
  throw new Failure(
    `role ${quoteName(role)} does not exist in the cluster`,
    `make it on the coordinator, from where Citus makes it on every node: CREATE ROLE ${quoteName(role)} LOGIN, then \\password ${quoteName(role)} in psql`,
    { exitCode: EXIT.refused },
  );
}

/**
 * Stores a role's password on the coordinator, once a connection has proven that it is the role's, and then on every other
 * node.
 *
 * @throws Failure (refused) where it isn't the role's, or the role can't use one: nothing was changed then
 */
export async function storeRole(
  session: Session,
  role: string,
  wanted: NewPassword,
  options: StoreOptions,
): Promise<void> {
  const { environment, nodes, progress } = options;
  const held = await requireRole(session, role);
  refuseUnusable(role, held, wanted, environment);
  const password = wanted.kind === "generated" ? randomBytes(32).toString("base64url") : wanted.password;
  if (wanted.kind !== "given") {
    const login = wanted.kind === "generated" ? " LOGIN" : "";
    await session.query(
      `ALTER ROLE "${role.replaceAll('"', '""')}"${login} PASSWORD '${scramVerifier(password)}'`,
    );
    const what =
      wanted.kind === "generated" ? "may log in, with a password that nobody knows" : "password set";
    progress(`role ${quoteName(role)}: ${what}`);
  }
  await storeProven(session, role, password, options);
  const others = nodes.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  for (const line of describeSpread(await spreadCredentials(session, [role], others))) progress(line);
}

function refuseUnusable(
  role: string,
  { login, verifier, superuser }: HeldRole,
  { kind }: NewPassword,
  environment: string,
): void {
  const name = quoteName(role);
  const command = (option?: string) => credentialsLine(environment, role, option);
  const refuse = (what: string, remedy: string) => {
    throw new Failure(`role ${name} ${what}`, `${remedy}; nothing was changed`, { exitCode: EXIT.refused });
  };
  if (kind === "generated") {
    if (login && verifier !== null)
      refuse(
        "logs in with a password already, which its clients would need to learn anew",
        `give that password: ${command()}; or set another one: ${command("--set-password")}`,
      );
    if (superuser && !login) refuse("is a superuser that may not log in", "let another role own its tables");
    return;
  }
  if (!login)
    refuse(
      "may not log in (NOLOGIN)",
      `${command("--generate")} lets it, with a password that nobody knows; or give its tables to a role that may`,
    );
  if (verifier === null && kind === "given")
    refuse("has no password", `give it this one: ${command("--set-password")}`);
}

/** In one transaction with the proof, so that what isn't the role's password never replaces what is. */
async function storeProven(
  session: Session,
  role: string,
  password: string,
  { nodes, environment, timeoutMs }: StoreOptions,
): Promise<void> {
  const coordinator = nodes.find(({ groupid }) => groupid === COORDINATOR_GROUP);
  if (coordinator === undefined) {
    throw new Failure(
      "the coordinator is not registered as a node",
      `npx cdktf deploy ${environment} registers it`,
    );
  }
  const held = await requireRole(session, role);
  if (held.authinfo === authinfoOf(password)) return;
  await session.transaction(async () => {
    await storeOnCoordinator(session, role, password, held);
    const [row] = await session.query<Record<string, string>>(
      probeStatement([role], [coordinator], { whom: "all", limitMs: timeoutMs }),
    );
    const states = JSON.parse(Object.values(row ?? {})[0] ?? "[]") as RoleState[];
    const [fault] = judgeRole(role, [{ ...coordinator, states }]);
    if (fault === undefined) return;
    const command = (option?: string) => credentialsLine(environment, role, option);
    throw fault.cause === "mismatch"
      ? new Failure(
          `the coordinator refuses this password of role ${quoteName(role)}`,
          `give the one that it has, or make this one its password: ${command("--set-password")}; nothing was stored`,
          { exitCode: EXIT.refused },
        )
      : new Failure(
          `role ${quoteName(role)} ${describeFault(fault)}`,
          `${command("--check")} names what helps; nothing was stored`,
          { exitCode: EXIT.refused },
        );
  });
}

/** What one connection of many may take on a busy server, in milliseconds. */
const EACH_MS = 500;

/** Time for so many connections of one node, which makes them one after the other: every one is to be tried. */
export function timeForAll(timeoutMs: number, connections: number): number {
  return Math.max(timeoutMs, connections * EACH_MS);
}

/**
 * Tries every pair of nodes as these roles.
 *
 * @throws Failure with each that fails
 */
export async function verifyRoles(
  session: Session,
  roles: readonly string[],
  { nodes, timeoutMs, progress }: StoreOptions,
): Promise<void> {
  const answers = await probeRoles(session, roles, nodes, {
    whom: "all",
    timeoutMs: timeForAll(timeoutMs, roles.length * nodes.length),
  });
  const problems = roles.flatMap((role) =>
    judgeRole(role, answers).map((fault) => ({
      node: fault.nodes.join(", "),
      what: `role ${quoteName(role)} ${describeFault(fault)}`,
      remedy: "see the log of the server there",
    })),
  );
  const [first, ...others] = problems;
  if (first !== undefined) throw problemsFailure([first, ...others], "not every connection works");
  const silent = nodes.filter(({ label }) => answers.every((answer) => answer.label !== label));
  if (silent.length > 0) {
    throw new Failure(
      `${silent.map(({ label }) => label).join(", ")} did not say whom it reaches`,
      "see that it is up, then run it again",
    );
  }
  const tried = answers.flatMap(({ states }) => states.flatMap(({ reached }) => reached));
  const ok = tried.filter(({ ok }) => ok === true).length;
  progress(`${ok} of ${tried.length} connections between nodes work as ${roles.map(quoteName).join(", ")}`);
}
