import { formatEndpoint } from "../../../model/cluster";
import { Deadline } from "../../base/deadline";
import {
  type CitusDatabase,
  readOtherDatabases,
  withOtherDatabases,
} from "../../cluster/holdings/other-databases";
import { COORDINATOR_GROUP, sameEndpoint } from "../../cluster/nodes/registered";
import { connectionCauses, withCauses } from "../../cluster/nodes/reachability";
import { probeRoles } from "../../cluster/roles/ask-roles";
import type { NamedNode } from "../../cluster/roles/probe";
import type { Session } from "../../cluster/connection/session";
import { SQLSTATE, sqlStateOf } from "../../cluster/connection/sqlstate";

/** Another database with Citus on these servers. */
export interface OtherDatabase {
  readonly name: string;
  /** 0 where that can't be read. */
  readonly shards: number;
  /** Why its metadata can't be read. */
  readonly unreadable?: string;
  /** Why it can't be opened: whether it has Citus is not known. */
  readonly unopened?: string;
  /** How its nodes log in to each other; undefined where it has none of ours, or that could not be asked in time. */
  readonly logins?: Logins;
}

export interface Logins {
  /** Labels of the nodes that have stored no password of the superuser there. */
  readonly unstored: readonly string[];
  /** Connections that are refused there, between nodes that answer in the database that was asked; with what was said. */
  readonly refused: readonly { readonly from: string; readonly to: string; readonly said: string }[];
}

/** Below this they are only counted. In milliseconds. */
const LEAST_MS = 300;

/** What one node nearby may take to be connected to, in milliseconds. */
const CONNECT_MS = 1000;

/**
 * @param nodes those that answer in this database: none that is down is waited for again
 * @param leftMs how long it may take
 */
export async function askElsewhere(
  session: Session,
  nodes: readonly NamedNode[],
  leftMs: number,
): Promise<OtherDatabase[]> {
  if (leftMs < LEAST_MS || nodes.length === 0) return readOtherDatabases(session);
  const deadline = Deadline.in(leftMs);
  const found: OtherDatabase[] = [];
  const look = async (
    databases: readonly CitusDatabase[],
    unopened: readonly { name: string; why: string }[],
  ) => {
    found.push(...unopened.map(({ name, why }) => ({ name, shards: 0, unopened: why })));
    for (const { name, session: there, registered, shards } of databases) {
      const members = nodes.filter(({ endpoint }) =>
        registered.some((row) => sameEndpoint(row.endpoint, endpoint)),
      );
      const limitMs = deadline.left();
      const logins =
        members.length === 0 || limitMs < LEAST_MS ? undefined : await askLogins(there, members, limitMs);
      found.push({
        name,
        shards: [...shards.values()].reduce((sum, count) => sum + count, 0),
        ...(logins === undefined ? {} : { logins }),
      });
    }
    return found;
  };
  return withOtherDatabases(session, look, (name, unreadable) => found.push({ name, shards: 0, unreadable }));
}

/** The same of the very database that the session is in. */
export async function askHere(
  session: Session,
  nodes: readonly NamedNode[],
  leftMs: number,
): Promise<Logins | undefined> {
  return leftMs < LEAST_MS || nodes.length === 0 ? undefined : askLogins(session, nodes, leftMs);
}

async function askLogins(
  session: Session,
  members: readonly NamedNode[],
  limitMs: number,
): Promise<Logins | undefined> {
  const deadline = Deadline.in(limitMs);
  try {
    await session.query(
      "SELECT set_config('statement_timeout', $1::text, false), set_config('citus.node_connection_timeout', $2::text, false)",
      [String(Math.round(limitMs)), String(Math.round(Math.min(limitMs, CONNECT_MS)))],
    );
    const coordinator =
      members.find(({ groupid }) => groupid === COORDINATOR_GROUP)?.label ?? "the coordinator";
    const refused = await refusals(session, coordinator, members);
    const reached = members.filter(({ label }) => refused.every(({ to }) => to !== label));
    const [me] = await session.query<{ user: string; stored: boolean }>(
      "SELECT current_user AS user, EXISTS (SELECT FROM pg_dist_authinfo WHERE rolename = current_user) AS stored",
    );
    const timeoutMs = deadline.left(LEAST_MS);
    const answers = await probeRoles(session, [me?.user ?? ""], reached, { whom: "next", timeoutMs });
    const labelOf = (group: number) =>
      members.find(({ groupid }) => groupid === group)?.label ?? `group ${group}`;
    return {
      unstored: [
        ...(me?.stored === true ? [] : [coordinator]),
        ...answers
          .filter(
            ({ groupid, states }) => groupid !== COORDINATOR_GROUP && !states.some(({ stored }) => stored),
          )
          .map(({ label }) => label),
      ],
      refused: [
        ...refused,
        ...answers.flatMap(({ label, states }) =>
          states.flatMap(({ reached: tried }) =>
            tried.flatMap(({ groupid, said }) =>
              isRefusal(said) ? [{ from: label, to: labelOf(groupid), said }] : [],
            ),
          ),
        ),
      ],
    };
  } catch (error) {
    if (sqlStateOf(error) === SQLSTATE.queryCanceled) return undefined;
    throw error;
  }
}

/** What is slow, or says nothing, refuses nothing. */
function isRefusal(said: string | undefined): said is string {
  return /password|pg_hba|permission denied|does not exist|too many/.test(said ?? "");
}

/** The coordinator's own connections, its one to itself among them. */
async function refusals(
  session: Session,
  coordinator: string,
  members: readonly NamedNode[],
): Promise<Logins["refused"]> {
  return withCauses(session, async () => {
    await session.query(
      "SELECT citus_check_connection_to_node(host, port) FROM unnest($1::text[], $2::int[]) AS t(host, port)",
      [members.map(({ endpoint }) => endpoint.host), members.map(({ endpoint }) => endpoint.port)],
    );
    const causes = connectionCauses(session.takeMessages());
    return members.flatMap(({ label, endpoint }) => {
      const said = causes.find(({ to }) => to === formatEndpoint(endpoint))?.cause;
      return isRefusal(said) ? [{ from: coordinator, to: label, said }] : [];
    });
  });
}
