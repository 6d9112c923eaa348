import { Client } from "pg";
import type { Duplex } from "node:stream";
import { Failure, oneLine, redact } from "./failure";
import { SET_THE_REST, STARTUP_OPTIONS } from "./session-settings";
import { sqlStateOf } from "./sqlstate";
import { type Way, WayError } from "./ways/way";

export interface SessionOptions {
  readonly user: string;
  readonly database: string;
  readonly password: string;
  /** Shown in pg_stat_activity, and to whoever waits for our lock. */
  readonly applicationName: string;
  /** How long the start may take, from the way's opening on, in milliseconds. @default 20 s once the way is open */
  readonly startMs?: number;
  /**
   * Takes only a server that proves that it knows the password (SCRAM), and tells it to no other: another machine may have
   * the address. As libpq's `require_auth=scram-sha-256`; through the node's own Docker host, where that can't be, also
   * `none`. @default false
   */
  readonly requireScram?: boolean;
}

/** A server asks for the password itself, for what it can be guessed from, or for nothing. */
export class Unproven extends Error {
  constructor(what: string) {
    super(what);
    this.name = "Unproven";
  }
}

/** A NOTICE or WARNING. Citus often gives the cause of an error, or of a false, only there. */
export interface ServerMessage {
  readonly severity: string;
  readonly code: string;
  readonly text: string;
  /** Names the node where it happened, if that wasn't the coordinator. */
  readonly detail: string;
}

/** How long the start of a session may take once the way is open. In milliseconds. */
const START_MS = 20_000;

/** How long the orderly end of a session may take. In milliseconds. */
const END_MS = 2000;

/** Without it, PGREPLICATION of the shell would ask for a connection that copies the server. Not in the client's types. */
const NO_REPLICATION = { replication: "off" };

/** A session on the coordinator. */
export class Session {
  private messages: ServerMessage[] = [];

  private constructor(
    readonly way: Way,
    private readonly options: SessionOptions,
    private readonly stream: Duplex,
    private readonly client: Client,
  ) {
    client.on("notice", (notice) => {
      this.messages.push({
        severity: notice.severity ?? "",
        code: notice.code ?? "",
        text: this.redact(notice.message ?? ""),
        detail: this.redact(notice.detail ?? ""),
      });
    });
    // A lost connection also fails the query that is running, or the next one: that is where it is reported.
    client.on("error", () => undefined);
  }

  /** @throws what the way or the server answered; `connect` (connect.ts) explains it */
  static async start(way: Way, options: SessionOptions): Promise<Session> {
    const encrypted = await Session.attempt(way, options, true);
    return encrypted ?? ((await Session.attempt(way, options, false)) as Session);
  }

  /**
   * As libpq's `sslmode=prefer`: encrypted if the server can, without a look at its certificate, because the one that
   * Citus makes is self-signed and verifies nothing. Verified TLS needs an authority of the cluster's own.
   *
   * @returns undefined when the server can't encrypt
   */
  private static async attempt(
    way: Way,
    options: SessionOptions,
    tls: boolean,
  ): Promise<Session | undefined> {
    const deadline = performance.now() + (options.startMs ?? Infinity);
    const stream = openedStream(await openInTime(way, options.startMs));
    let asked: string | undefined;
    let proven = false;
    const client = new Client({
      stream: () => stream,
      // Everything that would else come from PG* variables of whoever runs this.
      host: "coordinator",
      port: 5432,
      user: options.user,
      database: options.database,
      password: () => {
        if (asked !== undefined)
          throw new Unproven(
            `the server asks for the password as ${asked} and not by SCRAM: it was not sent`,
          );
        return options.password;
      },
      application_name: options.applicationName,
      client_encoding: "UTF8",
      ...NO_REPLICATION,
      options: STARTUP_OPTIONS,
      ssl: tls ? { rejectUnauthorized: false } : false,
      sslnegotiation: "postgres",
      connectionTimeoutMillis: Math.max(Math.min(START_MS, deadline - performance.now()), 1),
    });
    if (options.requireScram === true) {
      // Before the client's own listeners, which only then ask for the password.
      client.connection.on("authenticationCleartextPassword", () => (asked = "clear text"));
      client.connection.on("authenticationMD5Password", () => (asked = "MD5"));
      client.connection.on("authenticationSASLFinal", () => (proven = true));
    }
    const session = new Session(way, options, stream, client);
    try {
      await client.connect();
      if (options.requireScram === true && !proven && way.name !== "exec")
        throw new Unproven("the server asks for no password, so that anybody could be it");
      await client.query(SET_THE_REST);
      session.takeMessages();
      return session;
    } catch (error) {
      stream.destroy();
      if (tls && error instanceof Error && error.message.includes("does not support SSL")) return undefined;
      throw error;
    }
  }

  /**
   * Another session by the same way, e.g. to look on while the first one waits.
   *
   * @param startMs how long its start may take, in milliseconds; by default as long as this one's
   */
  open(startMs = this.options.startMs): Promise<Session> {
    return Session.start(this.way, startMs === undefined ? this.options : { ...this.options, startMs });
  }

  /**
   * Runs one statement and returns its rows.
   *
   * @throws pg's DatabaseError (see `sqlStateOf`), or Failure when the connection was lost
   */
  async query<Row extends object = Record<string, unknown>>(
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<Row[]> {
    try {
      const result = await this.client.query<Row>(sql, [...parameters]);
      return result.rows;
    } catch (error) {
      if (sqlStateOf(error) === undefined) {
        throw new Failure(
          `lost the connection to the coordinator by ${this.way.description}: ${this.redact(oneLine(error))}`,
          "run it again: it goes on from here",
          { cause: error },
        );
      }
      throw error;
    }
  }

  /** BEGIN, the work, COMMIT; ROLLBACK when it throws. */
  async transaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.query("BEGIN");
    try {
      const result = await work();
      await this.query("COMMIT");
      return result;
    } catch (error) {
      // The first error is the one that counts, also when the connection is gone.
      await this.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  /** The messages since the last call. */
  takeMessages(): ServerMessage[] {
    const messages = this.messages;
    this.messages = [];
    return messages;
  }

  /** Text of the server without the password. */
  redact(text: string): string {
    return redact(text, [this.options.password], [this.options.user, this.options.database]);
  }

  async end(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, END_MS);
    });
    await Promise.race([this.client.end().catch(() => undefined), late]);
    clearTimeout(timer);
    this.stream.destroy();
  }
}

/** A way that opens after all is closed again. */
async function openInTime(way: Way, limit: number | undefined): Promise<Duplex> {
  if (limit === undefined) return way.open();
  const opening = way.open();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      opening.then(
        (stream) => stream.destroy(),
        () => undefined,
      );
      reject(new WayError(`no answer within ${(limit / 1000).toFixed(1)} s`, false));
    }, limit);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The client wants to connect its stream itself; ours is open already. */
function openedStream(stream: Duplex): Duplex {
  const none = () => stream;
  return Object.assign(stream, {
    connect: () => {
      process.nextTick(() => stream.emit("connect"));
      return stream;
    },
    setNoDelay: none,
    setKeepAlive: none,
    ref: none,
    unref: none,
  });
}
