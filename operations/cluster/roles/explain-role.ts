import type { Explained } from "../nodes/connection-cause";
import { COORDINATOR_GROUP } from "../nodes/registered";
import { type NodeRoles, type RoleFault, isOfSource, judgeRole, untriedRoles } from "./judge-roles";
import type { ClusterRoles } from "./ask-roles";
import { NAMED_TABLES, type Role } from "./read-roles";
import type { Place } from "../../base/place";
import { superuserPasswordRemedy } from "../nodes/remedies";
import { quoteLiteral } from "../connection/quote-literal";
import { quoteName } from "../../base/shown-words";
import { type CommandLine, type Remedy, advise, commandIn, joinRemedies } from "../../base/remedy";

/** A role that can't connect between nodes. */
export interface ExplainedRole extends Explained {
  readonly role: string;
  readonly owner: boolean;
  /** Its own queries fail, and not only moves of its tables. */
  readonly queries: boolean;
  readonly faults: readonly RoleFault[];
}

/** All that is wrong with each role, owners first. Nothing for a role whose connections work, or that was not tried. */
export function explainRoles({ roles, nodes }: ClusterRoles, place: Place): ExplainedRole[] {
  return roles.flatMap((role) => {
    const faults = judgeRole(role.name, nodes);
    if (faults.length === 0) return explainSchemas(role);
    const { name, login, owns } = role;
    const what = `role ${quoteName(name)}${ownership(role)} ${faults.map(describeFault).join("; it ")}: ${consequence(role, faults, nodes)}`;
    const remedy = remedyOfFaults(faults, nodes, place);
    return [{ role: name, owner: owns > 0, queries: login, faults, what, remedy }, ...explainSchemas(role)];
  });
}

/** Of one role, one after the other. */
export function remedyOfFaults(
  faults: readonly RoleFault[],
  nodes: readonly NodeRoles[],
  place: Place,
): Remedy {
  return joinRemedies(
    faults.map((fault) => remedyOf(fault, nodes, place)),
    "; then ",
  );
}

/** A role that may not create tables where it owns some: only moves make them anew. */
export function explainSchemas(role: Role): ExplainedRole[] {
  const schemas = role.closed.map(quoteName).join(", ");
  if (schemas === "") return [];
  const name = quoteName(role.name);
  return [
    {
      ...{ role: role.name, owner: true, queries: false, faults: [] },
      what:
        `role ${name}${ownership(role)} lacks CREATE or USAGE on schema ${schemas}, where its shards are created when they are ` +
        "moved: shards of its tables can't be moved (drain, rebalance)",
      remedy: `GRANT CREATE, USAGE ON SCHEMA ${schemas} TO ${name} on the coordinator`,
    },
  ];
}

/**
 * What to say where not all were tried, for want of time or of an answer: only of roles that don't have a password stored
 * on every node, as nearly all that can fail fails by that. All connections are for `credentials --check`.
 */
export function explainUntried(asked: ClusterRoles, place: Place): Explained | undefined {
  const { roles, nodes, partial, unheard } = asked;
  const isEverywhere = (role: string) =>
    unheard !== true &&
    nodes.every(({ states }) => states.some((state) => state.role === role && state.stored));
  // What is wrong with one is said already.
  const isKnown = (role: string) => isEverywhere(role) || judgeRole(role, nodes).length > 0;
  const untried = untriedNames({ roles, nodes, partial }).filter((role) => !isKnown(role));
  if (untried.length === 0) return undefined;
  const some = untried.slice(0, NAMED_TABLES).map(quoteName).join(", ");
  return {
    what: `not every node has tried to connect as ${untried.length} of ${roles.length} roles (${some}${untried.length > NAMED_TABLES ? ", ..." : ""}), whose password not every node is known to have stored`,
    remedy: untriedRemedy(place),
  };
}

function untriedRemedy(place: Place): Remedy {
  if (place.environment === undefined) return "--timeout allows more time";
  return advise`${commandIn(place, "credentials", "--check")} tries them all`;
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
    ({ cause, nodes: where }) => !isOfSource(cause) || where.some((label) => label === coordinator),
  );
  if (owns === 0 || !stopped) return login ? `${queries} there` : "functions that run as it fail there";
  return login ? `${queries}, and ${moves}` : moves;
}

/** In words that follow the role's name. */
export function describeFault({ cause, nodes, pairs, said = "no reason was given" }: RoleFault): string {
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
    case "hba":
      return `is refused by ${where}, by its pg_hba.conf (${said})`;
    case "limited":
      return `is refused by ${where}, as its CONNECTION LIMIT is reached there`;
    case "full":
      return `is refused by ${where}, which has no connection left (${said})`;
    case "unstored":
      return `can't connect from ${where} to other nodes, as no password of it is stored there (pg_dist_authinfo)`;
    case "mismatch":
      return `can't connect from ${where} to other nodes, which refuse the password that is stored there (pg_dist_authinfo)`;
    case "other":
      return `can't connect from ${pairs[0]?.from ?? where} to ${pairs[0]?.to ?? "other nodes"}: ${said}`;
    case "untold":
      return `can't connect from ${where} to other nodes, and no time was left to find out why`;
  }
}

function remedyOf({ role, cause }: RoleFault, nodes: readonly NodeRoles[], place: Place): Remedy {
  const name = quoteName(role);
  switch (cause) {
    case "expired":
      return `ALTER ROLE ${name} VALID UNTIL 'infinity' on the coordinator`;
    case "barred":
      return `ALTER ROLE ${name} CONNECTION LIMIT -1 on the coordinator`;
    case "limited":
      return `raise it on the coordinator, or lift it (ALTER ROLE ${name} CONNECTION LIMIT -1): beside its clients' connections it counts those of every node to every other one`;
    case "full":
      return "end clients there (SELECT pid, usename, application_name, state FROM pg_stat_activity, then pg_terminate_backend(PID)), or raise what is used up: max_connections (a start-up setting), or the database's CONNECTION LIMIT (ALTER DATABASE on the coordinator)";
    case "connect":
      return `GRANT CONNECT ON DATABASE ${quoteName(place.database)} TO ${name} on the coordinator`;
    case "hba":
      return `let ${name} in from the other nodes there (pg_hba.conf, scram-sha-256), then SELECT pg_reload_conf()`;
    case "other":
      return `mend what the server names; settings of the role are in SELECT setconfig FROM pg_db_role_setting WHERE setrole = ${quoteLiteral(name)}::regrole, and ALTER ROLE ${name} RESET ... on the coordinator lifts one`;
    case "untold":
      return untoldRemedy(role, place);
    default:
      return credentialsRemedy(role, nodes, place);
  }
}

function untoldRemedy(role: string, place: Place): Remedy {
  if (place.environment === undefined) return "--timeout allows more time";
  return advise`${credentialsLine(place, role, "--check")} says it`;
}

function credentialsRemedy(role: string, nodes: readonly NodeRoles[], place: Place): Remedy {
  if (place.environment === undefined)
    return (
      `as superuser on every node, in this database: INSERT INTO pg_dist_authinfo VALUES (0, ${quoteLiteral(role)}, 'password=...') ` +
      "ON CONFLICT (nodeid, rolename) DO UPDATE SET authinfo = excluded.authinfo, with the password that the role has; it must exist there, with LOGIN"
    );
  if (role === place.user) return superuserPasswordRemedy(place);
  const states = nodes.flatMap((node) => node.states.filter((state) => state.role === role));
  return states.some(({ exists, login, password }) => exists && (!login || !password))
    ? advise`${credentialsLine(place, role, "--generate")}, which lets it log in, with a password that nobody knows`
    : advise`${credentialsLine(place, role)} stores it on every node`;
}

/** Without a role about the superuser's own. */
export function credentialsLine(place: Place, role = "", option = ""): CommandLine {
  const words = [option, ...(role.startsWith("-") ? ["--"] : []), role].filter((word) => word !== "");
  return commandIn(place, "credentials", ...words);
}
