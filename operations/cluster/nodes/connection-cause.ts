import type { Place } from "../../base/place";
import { quoteName } from "../../base/shown-words";
import { AGAIN, type Remedy, advise } from "../../base/remedy";
import { superuserPasswordRemedy } from "./remedies";

/** What is wrong with a connection between two nodes, and what to do. */
export interface Explained {
  readonly what: string;
  readonly remedy: Remedy;
}

/**
 * Puts what libpq said about a connection between two nodes into a sentence.
 *
 * @param cause libpq's message; undefined where Citus gave none
 * @param from the node that tried, as it is called in the output
 * @param target the endpoint it tried
 * @param place for the commands that help
 */
export function explainConnection(
  cause: string | undefined,
  from: string,
  target: string,
  place: Place,
): Explained {
  const text = cause ?? "no answer";
  for (const { pattern, explain } of KNOWN) {
    const match = pattern.exec(text);
    if (match !== null) return explain(match, from, target, place);
  }
  return { what: `${from} can't connect to ${target}: ${text}`, remedy: "see the log of the server there" };
}

/** The same where the time was over that the command's --timeout gives: a node that drops packets, or one that is slow. */
export function explainConnectionTimeout(from: string, target: string, place: Place): Explained {
  const { what, remedy } = explainConnection("timed out", from, target, place);
  return { what, remedy: advise`${remedy}; if it only answers slowly, --timeout allows more time` };
}

/** Whether the server behind it is only just starting. */
export function isStarting(cause: string | undefined): boolean {
  return /the database system is (starting up|not yet accepting|in recovery)/.test(cause ?? "");
}

interface Known {
  readonly pattern: RegExp;
  readonly explain: (match: RegExpExecArray, from: string, target: string, place: Place) => Explained;
}

const KNOWN: readonly Known[] = [
  {
    pattern: /could not translate host name "([^"]*)"/,
    explain: ([, name = ""], from) => ({
      what: `the name ${name} does not resolve in the container of ${from}`,
      remedy:
        `if it is a container, check that it is running; otherwise add it to the DNS that containers use, or to extraHosts of that Docker host and have its container ` +
        `replaced, so that it reads them (terraform apply -replace=docker_container.NAME), or set \`address\` to an IP`,
    }),
  },
  {
    pattern: /password authentication failed(?: for user "(.*?)"(?=[\s;]|$))?/,
    explain: ([, user], from, target, place) => ({
      what: `${target} refuses the password of ${user === undefined ? "the superuser" : `user "${user}"`} that ${from} has`,
      remedy: superuserPasswordRemedy(place),
    }),
  },
  {
    pattern: /no password supplied/,
    explain: (_match, from, target, place) => ({
      what: `${from} has no password for ${target}`,
      remedy: superuserPasswordRemedy(place),
    }),
  },
  {
    pattern: /too many clients|remaining connection slots|too many connections/,
    explain: (_match, from, target) => ({
      what: `${target} has no connection left for ${from}`,
      remedy:
        "disconnect clients there (docker restart of its container disconnects all), or raise max_connections (start-up setting) above what the coordinator opens",
    }),
  },
  {
    pattern: /number of requested standby connections exceeds/,
    explain: (_match, from, target) => ({
      what: `${target} has no walsender left for ${from}`,
      remedy:
        "end what streams from there but is no longer needed (pg_stat_replication), or raise its max_wal_senders (start-up setting)",
    }),
  },
  {
    pattern: /database "([^"]*)" does not exist/,
    explain: ([, database = ""], _from, target) => ({
      what: `${target} has no database ${database}`,
      remedy: advise`it is only created at a volume's first start: CREATE DATABASE and CREATE EXTENSION citus there, and ${AGAIN}`,
    }),
  },
  {
    pattern: /role "(.*?)" is not permitted to log in/,
    explain: ([, user = ""], from, target) => ({
      what: `${target} does not let user "${user}" of ${from} log in`,
      remedy: `ALTER ROLE ${quoteName(user)} LOGIN there, as another superuser; where there is none, in its single-user mode`,
    }),
  },
  {
    pattern: /database "(.*?)" is not currently accepting connections/,
    explain: ([, database = ""], from, target) => ({
      what: `${target} allows no connections to database ${database}, nor that of ${from}`,
      remedy: `ALTER DATABASE ${quoteName(database)} ALLOW_CONNECTIONS true there, from another database`,
    }),
  },
  {
    pattern: /invalid response to SSL negotiation|expected authentication request from server/,
    explain: (_match, from, target) => ({
      what: `what answers ${from} at ${target} is not PostgreSQL`,
      remedy: "correct the address and port, or see what listens there",
    }),
  },
  {
    pattern: /no pg_hba\.conf entry/,
    explain: (_match, from, target) => ({
      what: `pg_hba.conf of ${target} refuses ${from}`,
      remedy: "allow the cluster's user from the other nodes there, with scram-sha-256",
    }),
  },
  {
    pattern: /does not support SSL/,
    explain: (_match, from, target) => ({
      what: `${target} does not speak TLS, which citus.node_conninfo of ${from} requires`,
      remedy: "set ssl = on there",
    }),
  },
  {
    pattern: /the database system is ([a-z ]+)/,
    explain: ([, state = ""], _from, target) => ({
      what: `the server at ${target} is ${state.trim()}`,
      remedy: advise`wait until it is up (its log says how far it is), then ${AGAIN}`,
    }),
  },
  {
    pattern: /Connection refused/,
    explain: (_match, from, target) => ({
      what: `${target} refuses the connection of ${from}`,
      remedy:
        "check that the server there runs, that this port of this address leads to it (published, if it is a container), and " +
        "that no firewall rejects it",
    }),
  },
  {
    pattern: /No route to host|Network is unreachable/,
    explain: (_match, from, target) => ({
      what: `${from} has no route to ${target}`,
      remedy: "see the address, the network between the two servers, and the firewall",
    }),
  },
  {
    pattern: /could not establish connection after|timed out|timeout expired/,
    explain: (_match, from, target) => ({
      what: `${target} does not answer ${from}`,
      remedy: `allow the port in the firewall of that server for ${from}, and check that the server is up`,
    }),
  },
];
