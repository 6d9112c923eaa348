import { randomBytes } from "node:crypto";
import { EXIT, Failure, problemsFailure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { authinfoOf, storeStatement } from "../../cluster/nodes/credentials";
import { isOtherDatabase } from "../../base/command-line";
import { COORDINATOR_GROUP } from "../../cluster/nodes/registered";
import { withCauses } from "../../cluster/nodes/reachability";
import type { Place } from "../../base/place";
import { probeRoles } from "../../cluster/roles/ask-roles";
import type { NamedNode } from "../../cluster/roles/probe";
import { credentialsLine, describeFault, remedyOfFaults } from "../../cluster/roles/explain-role";
import { type HeldRole, heldByCoordinator } from "../../cluster/roles/held-roles";
import { type NodeRoles, type RoleFault, judgeRole } from "../../cluster/roles/judge-roles";
import { type RoleState, probeStatement } from "../../cluster/roles/probe";
import { wordsOf } from "../../cluster/roles/try-failed";
import { scramVerifier } from "../../cluster/roles/scram-verifier";
import { describeSpread, spreadCredentials } from "../../cluster/roles/spread-credentials";
import { quoteName } from "../../base/shown-words";
import type { Session } from "../../cluster/connection/session";
import { AGAIN, type Remedy, advise, commandIn } from "../../base/remedy";

/** What the role's password is to be. */
export type NewPassword =
  /** As it is: this must be it. */
  | { readonly kind: "given"; readonly password: string }
  /** As another database of these servers has it stored. */
  | { readonly kind: "known"; readonly authinfo: string }
  /** It becomes the role's. */
  | { readonly kind: "set"; readonly password: string }
  /** A random one, which nobody learns; the role may log in from then on. */
  | { readonly kind: "generated" };

export interface StoreOptions {
  /** Which cluster, and database, for the commands that help. */
  readonly place: Place;
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
    `create it on the coordinator, from where Citus creates it on every node: CREATE ROLE ${quoteName(role)} LOGIN, then \\password ${quoteName(role)} in psql`,
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
  const { place, nodes, progress } = options;
  const held = await requireRole(session, role);
  refuseUnusable(role, held, wanted, place);
  if (wanted.kind === "known") await storeProven(session, role, wanted.authinfo, options);
  else {
    const password = wanted.kind === "generated" ? randomBytes(32).toString("base64url") : wanted.password;
    if (wanted.kind !== "given") await setPassword(session, role, { kind: wanted.kind, password }, progress);
    await storeProven(session, role, authinfoOf(password), options);
  }
  const others = nodes.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  for (const line of describeSpread(await spreadCredentials(session, [role], others))) progress(line);
}

async function setPassword(
  session: Session,
  role: string,
  { kind, password }: { readonly kind: "set" | "generated"; readonly password: string },
  progress: Progress,
): Promise<void> {
  const login = kind === "generated" ? " LOGIN" : "";
  await session.query(
    `ALTER ROLE "${role.replaceAll('"', '""')}"${login} PASSWORD '${scramVerifier(password)}'`,
  );
  const what = kind === "generated" ? "may log in, with a password that nobody knows" : "password set";
  progress(`role ${quoteName(role)}: ${what}`);
}

function refuseUnusable(
  role: string,
  { login, verifier, superuser }: HeldRole,
  { kind }: NewPassword,
  place: Place,
): void {
  const name = quoteName(role);
  const command = (option?: string) => credentialsLine(place, role, option);
  const refuse = (what: string, remedy: Remedy) => {
    throw new Failure(`role ${name} ${what}`, advise`${remedy}; nothing was changed`, {
      exitCode: EXIT.refused,
    });
  };
  if (kind === "generated") {
    if (login && verifier !== null)
      refuse(
        "logs in with a password already, which its clients would need to learn anew",
        advise`give that password: ${command()}; or set another one: ${command("--set-password")}`,
      );
    if (superuser && !login) refuse("is a superuser that may not log in", "let another role own its tables");
    return;
  }
  if (!login)
    refuse(
      "may not log in (NOLOGIN)",
      advise`${command("--generate")} lets it, with a password that nobody knows; or give its tables to a role that may`,
    );
  if (verifier === null && kind !== "set")
    refuse("has no password", advise`give it this one: ${command("--set-password")}`);
}

/** In one transaction with the proof, so that what isn't the role's password never replaces what is. */
async function storeProven(
  session: Session,
  role: string,
  authinfo: string,
  { nodes, place, timeoutMs }: StoreOptions,
): Promise<void> {
  const coordinator = nodes.find(({ groupid }) => groupid === COORDINATOR_GROUP);
  if (coordinator === undefined) throw unregistered(place);
  const held = await requireRole(session, role);
  if (held.authinfo === authinfo) return;
  const prove = async () => {
    await session.query(storeStatement(role, authinfo, held.verifier));
    const statement = probeStatement([role], [coordinator], { whom: "all", limitMs: timeoutMs });
    const [row] = await session.query<Record<string, string>>(statement);
    const [state] = JSON.parse(Object.values(row ?? {})[0] ?? "[]") as RoleState[];
    if (state === undefined) return;
    const said = wordsOf(session.takeMessages());
    const reached = state.reached.map((each) => (each.ok === true ? each : { ...each, said }));
    const answers = [{ ...coordinator, states: [{ ...state, reached }] }];
    const faults = judgeRole(role, answers);
    if (faults.length > 0) throw unproven(role, faults, answers, place);
  };
  await withCauses(session, () => session.transaction(prove));
}

function unregistered(place: Place): Failure {
  const what = "the coordinator is not registered as a node";
  if (isOtherDatabase(place))
    return new Failure(
      `${what} in database ${quoteName(place.database)}`,
      "SELECT citus_set_coordinator_host(HOST, PORT) there, with the address that the environment's own database has of it",
    );
  return new Failure(what, advise`${commandIn(place, "status")} says how to register it`);
}

function unproven(
  role: string,
  faults: readonly RoleFault[],
  answers: readonly NodeRoles[],
  place: Place,
): Failure {
  const refused = { exitCode: EXIT.refused };
  if (faults.every(({ cause }) => cause === "mismatch")) {
    return new Failure(
      `the coordinator refuses this password of role ${quoteName(role)}`,
      advise`give the one that it has, or make this one its password: ${credentialsLine(place, role, "--set-password")}; nothing was stored`,
      refused,
    );
  }
  const what = `role ${quoteName(role)} ${faults.map(describeFault).join("; it ")}`;
  return new Failure(
    `${what}: so the password can't be verified`,
    advise`${remedyOfFaults(faults, answers, place)}; nothing was stored`,
    refused,
  );
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
  { nodes, place, timeoutMs, progress }: StoreOptions,
): Promise<void> {
  const answers = await probeRoles(session, roles, nodes, {
    whom: "all",
    timeoutMs: timeForAll(timeoutMs, roles.length * nodes.length),
  });
  const problems = roles.flatMap((role) =>
    judgeRole(role, answers).map((fault) => ({
      node: fault.nodes.join(", "),
      what: `role ${quoteName(role)} ${describeFault(fault)}`,
      remedy: remedyOfFaults([fault], answers, place),
    })),
  );
  const [first, ...others] = problems;
  if (first !== undefined) throw problemsFailure([first, ...others], "not every connection works");
  const silent = nodes.filter(({ label }) => answers.every((answer) => answer.label !== label));
  if (silent.length > 0) {
    throw new Failure(
      `${silent.map(({ label }) => label).join(", ")} did not report which nodes it reaches`,
      advise`check that it is up, then ${AGAIN}`,
    );
  }
  const tried = answers.flatMap(({ states }) => states.flatMap(({ reached }) => reached));
  const ok = tried.filter(({ ok }) => ok === true).length;
  progress(`${ok} of ${tried.length} connections between nodes work as ${roles.map(quoteName).join(", ")}`);
}
