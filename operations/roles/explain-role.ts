import type { Explained } from "../registration/connection-cause";
import { COORDINATOR_GROUP } from "../registration/pg-dist-node";
import { type NodeRoles, type RoleFault, judgeRole, untriedRoles } from "./judge-roles";
import type { ClusterRoles } from "./ask-roles";
import { NAMED_TABLES, type Role } from "./read-roles";
import { quoteName, shellWord } from "../shown-words";

/** Which cluster a sentence is about. */
export interface Place {
  /** Name of the environment; undefined for a cluster that is given by address. */
  readonly environment?: string;
  readonly database: string;
}

/** A role that can't connect between nodes. */
export interface ExplainedRole extends Explained {
  readonly role: string;
  readonly owner: boolean;
  /** Its own queries fail, and not only moves of its tables. */
  readonly queries: boolean;
  readonly faults: readonly RoleFault[];
}

/** What is wrong with each role, owners first. Nothing for a role whose connections work, or that was not tried. */
export function explainRoles({ roles, nodes }: ClusterRoles, place: Place): ExplainedRole[] {
  return roles.flatMap((role) => {
    const faults = judgeRole(role.name, nodes);
    if (faults.length === 0) return explainSchemas(role);
    const { name, login, owns } = role;
    const what = `role ${quoteName(name)}${ownership(role)} ${faults.map(describeFault).join("; it ")}: ${consequence(role, faults, nodes)}`;
    const remedy = [...new Set(faults.map((fault) => remedyOf(fault, nodes, place)))].join("; then ");
    return [{ role: name, owner: owns > 0, queries: login, faults, what, remedy }];
  });
}

/** Everything else works for a role that may not create tables where it owns some: only moves make them anew. */
function explainSchemas(role: Role): ExplainedRole[] {
  const schemas = role.closed.map(quoteName).join(", ");
  if (schemas === "") return [];
  const name = quoteName(role.name);
  return [
    {
      ...{ role: role.name, owner: true, queries: false, faults: [] },
      what:
        `role ${name}${ownership(role)} lacks CREATE or USAGE on schema ${schemas}, where its shards are made anew when they are ` +
        "moved: shards of its tables can't be moved (drain, rebalance)",
      remedy: `GRANT CREATE, USAGE ON SCHEMA ${schemas} TO ${name} on the coordinator`,
    },
  ];
}

/** What to say where not all were tried, for want of time or of an answer. */
export function explainUntried({ roles, nodes, partial }: ClusterRoles): Explained | undefined {
  const untried = untriedNames({ roles, nodes, partial });
  if (untried.length === 0) return undefined;
  const some = untried.slice(0, NAMED_TABLES).map(quoteName).join(", ");
  return {
    what: `not every node has tried to connect as ${untried.length} of ${roles.length} roles (${some}${untried.length > NAMED_TABLES ? ", ..." : ""})`,
    remedy: "`npx pg-dist credentials ENVIRONMENT --check` tries them all",
  };
}

/** Names of the roles of which not every connection was tried. */
export function untriedNames({ roles, nodes, partial }: ClusterRoles): string[] {
  return partial ? roles.map(({ name }) => name) : untriedRoles(nodes);
}

function ownership({ owns, tables }: Role): string {
  if (owns === 0) return "";
  return `, which owns ${owns} distributed table${owns === 1 ? "" : "s"} (${tables.join(", ")}${owns > tables.length ? ", ..." : ""}),`;
}

/** The coordinator makes the shards of a move as their owner. */
function consequence(
  { login, owns }: Role,
  faults: readonly RoleFault[],
  nodes: readonly NodeRoles[],
): string {
  const moves = "shards of its tables can't be moved (drain, rebalance)";
  const queries = "its queries on distributed tables fail";
  const coordinator = nodes.find(({ groupid }) => groupid === COORDINATOR_GROUP)?.label;
  const stopped = faults.some(
    ({ cause, nodes: where }) =>
      (cause !== "unstored" && cause !== "mismatch") || where.some((label) => label === coordinator),
  );
  if (owns === 0 || !stopped) return login ? `${queries} there` : "functions that run as it fail there";
  return login ? `${queries}, and ${moves}` : moves;
}

/** In words that follow the role's name. */
export function describeFault({ cause, nodes }: RoleFault): string {
  const where = nodes.join(", ");
  switch (cause) {
    case "missing":
      return `does not exist on ${where}`;
    case "nologin":
      return `may not log in (NOLOGIN), which Citus does on other nodes as the owner of a table`;
    case "expired":
      return `is refused by ${where}, as its password has expired (VALID UNTIL)`;
    case "barred":
      return `is refused by ${where}, as its CONNECTION LIMIT is 0`;
    case "connect":
      return `is refused by ${where}, as it has no CONNECT privilege on the database`;
    case "unstored":
      return `can't connect from ${where} to other nodes, as no password of it is stored there (pg_dist_authinfo)`;
    case "mismatch":
      return `can't connect from ${where} to other nodes, which refuse the password that is stored there (pg_dist_authinfo)`;
  }
}

function remedyOf(
  { role, cause }: RoleFault,
  nodes: readonly NodeRoles[],
  { environment, database }: Place,
): string {
  const name = quoteName(role);
  switch (cause) {
    case "expired":
      return `ALTER ROLE ${name} VALID UNTIL 'infinity' on the coordinator`;
    case "barred":
      return `ALTER ROLE ${name} CONNECTION LIMIT -1 on the coordinator`;
    case "connect":
      return `GRANT CONNECT ON DATABASE ${quoteName(database)} TO ${name} on the coordinator`;
    default: {
      if (environment === undefined)
        return `as superuser on every node: INSERT INTO pg_dist_authinfo VALUES (0, ROLE, AUTHINFO) for ${name}, which must exist there and have LOGIN`;
      const states = nodes.flatMap((node) => node.states.filter((state) => state.role === role));
      const unusable = states.some(({ exists, login, password }) => exists && (!login || !password));
      return credentialsCommand(environment, role, unusable);
    }
  }
}

/** A command line for a shell. */
export function credentialsLine(environment: string, role: string, option = ""): string {
  const words = [environment, option, role.startsWith("-") ? "--" : "", shellWord(role)];
  return `npx pg-dist credentials ${words.filter((word) => word !== "").join(" ")}`;
}

/** @param generate for a role that nobody logs in as: it gets LOGIN and a password that nobody knows */
export function credentialsCommand(environment: string, role: string, generate: boolean): string {
  return generate
    ? `\`${credentialsLine(environment, role, "--generate")}\`, which lets it log in, with a password that nobody knows`
    : `\`${credentialsLine(environment, role)}\` stores it on every node`;
}
