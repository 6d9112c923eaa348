import { hostname, userInfo } from "node:os";
import { Deadline } from "../../base/deadline";
import type { Caller } from "../../base/caller/caller";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../../model/cluster";
import { applicationName } from "../../../model/contract/application-name";
import { coordinatorOf } from "../cluster-file";
import { Failure, oneLine } from "../../base/failure";
import type { Password } from "../../base/caller/credentials";
import type { Place } from "../../base/place";
import type { Progress } from "../../base/progress";
import { Session, type SessionOptions, Unproven } from "./session";
import { SQLSTATE, sqlStateOf } from "./sqlstate";
import { chooseTransports } from "./transports/choose-transports";
import { type Transport, TransportError } from "./transports/transport";
import { AGAIN, type Remedy, advise } from "../../base/remedy";

export interface ConnectOptions {
  /** What the session is for, in pg_stat_activity: `register`, `leave server-d/worker1`. */
  readonly command: string;
  readonly progress: Progress;
  /** How long a server that is starting is waited for, in seconds. @default 60 */
  readonly patience?: number;
}

/** The server to connect to. */
export interface Destination {
  /** As it is called in the output: `the coordinator server-a/coordinator`. */
  readonly label: string;
  /** Whether an environment declares it, so that its container and its volume are known. @default true */
  readonly declared?: boolean;
  /** In the order in which they are tried. */
  readonly transports: readonly Transport[];
  readonly user: string;
  readonly database: string;
  readonly password: Password;
  /** @default a cluster that is given by address */
  readonly place?: Place;
}

/** The coordinator can't be connected to, by no transport. */
export class CoordinatorUnreachable extends Failure {
  /** @param answered whether the server itself refused: it runs, then, and is reachable */
  constructor(
    summary: string,
    remedy: Remedy,
    detail: readonly string[],
    readonly answered: boolean,
  ) {
    super(summary, remedy, { detail });
  }
}

/**
 * A session on the coordinator, by the first transport that leads there (see `chooseTransports`).
 *
 * @throws CoordinatorUnreachable with the cause for each transport that was tried, or with what the server answered
 */
export async function connect(
  cluster: Cluster,
  options: ConnectOptions & { readonly caller: Caller },
): Promise<Session> {
  const { caller } = options;
  const destination = {
    label: `the coordinator ${coordinatorOf(cluster).id}`,
    transports: chooseTransports(cluster, caller),
    user: cluster.user,
    database: cluster.database,
    password: caller.credentials.requireSuperuser(),
    place: cluster,
  };
  return connectTo(destination, options);
}

/**
 * As `connect`, to any server.
 *
 * @param options limit: how long all transports together may take to be tried once, in milliseconds
 */
export async function connectTo(
  destination: Destination,
  options: ConnectOptions & { readonly limit?: number },
): Promise<Session> {
  const { transports, user, database, password, place } = destination;
  const session = {
    ...{
      user,
      database,
      password: password.value,
      place,
      applicationName: applicationName(options.command, userName(), hostname(), process.pid),
    },
    // Nodes that we start take nothing else; what others made may.
    requireScram: destination.declared !== false,
  };
  const deadline = Deadline.in((options.patience ?? 60) * 1000);
  for (let attempt = 0; ; attempt++) {
    const result = await tryTransports(transports, session, options.limit);
    if ("session" in result) return result.session;
    const reasons = result.tried.map((each) => ({ ...each, cause: causeOf(each.error) }));
    const waiting =
      reasons.some(({ cause }) => cause.transient) && !reasons.some(({ cause }) => cause.settled);
    if (!waiting || deadline.passed) throw unreachable(destination, reasons);
    if (attempt === 0)
      options.progress(`waiting for the coordinator: ${reasons.at(-1)?.cause.text ?? "it does not answer"}`);
    await sleep(1000);
  }
}

/** A container may run under a user id that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}

interface Tried {
  readonly transport: Transport;
  readonly error: unknown;
}

async function tryTransports(
  transports: readonly Transport[],
  options: SessionOptions,
  limit = Infinity,
): Promise<{ session: Session } | { tried: Tried[] }> {
  const tried: Tried[] = [];
  const deadline = Deadline.in(limit);
  for (const [index, transport] of transports.entries()) {
    // A transport that hangs leaves the others their share.
    const share = deadline.left() / (transports.length - index);
    try {
      return {
        session: await Session.start(transport, share < Infinity ? { ...options, startMs: share } : options),
      };
    } catch (error) {
      tried.push({ transport, error });
      // What the server itself says holds for every transport to it.
      if (sqlStateOf(error) !== undefined) break;
    }
  }
  return { tried };
}

interface Cause {
  readonly text: string;
  /** It may pass while the server starts. */
  readonly transient: boolean;
  /** Another try or another transport would say the same. */
  readonly settled: boolean;
  /** The server itself said it. */
  readonly answered: boolean;
  readonly remedy?: Remedy;
}

function causeOf(error: unknown): Cause {
  const text = oneLine(error);
  const state = sqlStateOf(error);
  if (state !== undefined) {
    const starting = STARTING.includes(state);
    return { text, transient: starting, settled: !starting, answered: true, remedy: REMEDIES[state] };
  }
  if (error instanceof TransportError) {
    return { text, transient: error.transient, settled: error.settled, answered: false };
  }
  if (error instanceof Unproven) {
    const remedy = `another server answers at this address, or one that pg-dist did not start: its pg_hba.conf must require scram-sha-256`;
    return { text, transient: false, settled: false, answered: false, remedy };
  }
  if (isNotPostgres(text)) {
    const strange = `what listens there is not PostgreSQL (${text})`;
    return { text: strange, transient: false, settled: false, answered: false };
  }
  // Docker's proxy accepts on the published port before the server listens behind it, and then hangs up.
  const hungUp =
    /terminated unexpectedly|ECONNRESET|EPIPE|disconnected before secure TLS|socket hang up/.test(text);
  const silent = /timeout expired/.test(text) ? "the port accepts the connection, but nothing answers" : text;
  return {
    text: hungUp ? "the port closes the connection at once" : silent,
    transient: hungUp,
    settled: false,
    answered: false,
  };
}

/**
 * A server of another protocol answers the request for TLS with words of its own: with any letter but S and N, or, as
 * ssh does, with an S that no TLS follows.
 */
function isNotPostgres(text: string): boolean {
  return /error establishing an SSL connection|wrong version number|packet length too long/.test(text);
}

const STARTING: readonly string[] = [
  SQLSTATE.cannotConnectNow,
  SQLSTATE.adminShutdown,
  SQLSTATE.crashShutdown,
];

/** For a server of which only the address is known. */
const REMEDIES_BY_ADDRESS: Readonly<Record<string, string>> = {
  [SQLSTATE.invalidPassword]: "give the password of this user there: PGPASSWORD, or its line in .pgpass",
  [SQLSTATE.invalidCatalogName]: "name a database that exists",
  [SQLSTATE.tooManyConnections]:
    "disconnect clients of that server (a restart disconnects all), or raise max_connections (a start-up setting)",
};

const REMEDIES: Readonly<Record<string, string>> = {
  [SQLSTATE.invalidPassword]:
    "it is not the coordinator's (changing the variable doesn't change that): set TF_VAR_postgres_password " +
    "to the current one; where it isn't set, PGPASSWORD, then state/<environment>.password, then .pgpass is used",
  [SQLSTATE.invalidAuthorization]:
    "the user must exist, and pg_hba.conf must allow it from this machine with a password",
  [SQLSTATE.invalidCatalogName]:
    "the database is only created at a volume's first start: create it, or set `database` to the one that exists",
  [SQLSTATE.tooManyConnections]:
    "disconnect clients of the coordinator (docker restart of its container disconnects all), or raise max_connections in its `settings`",
};

function unreachable(
  { label, transports, password, declared = true }: Destination,
  reasons: readonly (Tried & { readonly cause: Cause })[],
): CoordinatorUnreachable {
  const answer = reasons.find(({ cause }) => cause.settled) ?? reasons.at(-1);
  const told = answer?.cause.remedy !== undefined;
  const byAddress = declared ? undefined : REMEDIES_BY_ADDRESS[sqlStateOf(answer?.error) ?? ""];
  const look = declared
    ? `its container is running and one of the ways to it is open (${transports.map(({ name }) => name).join(", ")})`
    : "the server is running and listens at this address, and no firewall blocks it";
  return new CoordinatorUnreachable(
    told
      ? `${label} refuses the connection: ${answer.cause.text}`
      : `${label} can't be reached: ${answer === undefined ? "there is no way to it" : `${answer.cause.text} (${answer.transport.description})`}`,
    byAddress ?? answer?.cause.remedy ?? advise`check that ${look}; then ${AGAIN}`,
    [
      ...reasons.map(({ transport, cause }) => `${transport.name} (${transport.description}): ${cause.text}`),
      ...(sqlStateOf(answer?.error) === SQLSTATE.invalidPassword
        ? [`the password is from ${password.source}`]
        : []),
    ],
    reasons.some(({ cause }) => cause.answered),
  );
}
