import { Client } from "pg";
import { Deadline } from "../../base/deadline";
import type { Duplex } from "node:stream";
import { Failure, oneLine, redact } from "../../base/failure";
import { type Place, placeInDatabase } from "../../base/place";
import { SET_THE_REST, STARTUP_OPTIONS } from "./session-settings";
import { sqlStateOf } from "./sqlstate";
import { type Transport, TransportError } from "./transports/transport";
import { AGAIN, advise } from "../../base/remedy";

export interface SessionOptions {
  readonly user: string;
  readonly database: string;
  readonly password: string;
  /** Shown in pg_stat_activity, and to whoever waits for our lock. */
  readonly applicationName: string;
  /** How long the start may take, from the opening of the transport on, in milliseconds. @default 20 s once it is open */
  readonly startMs?: number;
  /**
   * Takes only a server that proves that it knows the password (SCRAM), and tells it to no other: another machine may have
   * the address. As libpq's `require_auth=scram-sha-256`; through the node's own Docker host, where that can't be, also
   * `none`. @default false
   */
  readonly requireScram?: boolean;
  /** The cluster, as command lines name it. @default one that is given by address */
  readonly place?: Place;
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

/** How long the start of a session may take once the transport is open. In milliseconds. */
const START_MS = 20_000;

/** How long the orderly end of a session may take. In milliseconds. */
const END_MS = 2000;

/** Without it, PGREPLICATION of the shell would ask for a connection that copies the server. Not in the client's types. */
const NO_REPLICATION = { replication: "off" };

/** The code of PostgreSQL's CancelRequest, in the place of a protocol version. */
const CANCEL_REQUEST = 80877102;

/** How long a cancel may take to be sent, and a statement to end by it until it is sent again. In milliseconds. */
const CANCEL_AGAIN_MS = 3000;

/** A session on the coordinator. */
export class Session {
  private messages: ServerMessage[] = [];
  /** What the server said when it ended the session while no statement ran: by a timeout, or by somebody. */
  private lastWords = "";
  /** The statement that runs; settled once it has ended, however. */
  private running: Promise<void> | undefined;

  private constructor(
    readonly transport: Transport,
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
    client.on("error", (error) => {
      if (sqlStateOf(error) !== undefined) this.lastWords = this.redact(oneLine(error));
    });
  }

  /** @throws what the transport or the server answered; `connect` (connect.ts) explains it */
  static async start(transport: Transport, options: SessionOptions): Promise<Session> {
    const encrypted = await Session.attempt(transport, options, true);
    return encrypted ?? ((await Session.attempt(transport, options, false)) as Session);
  }

  /**
   * As libpq's `sslmode=prefer`: encrypted if the server can, without a look at its certificate, because the one that
   * Citus makes is self-signed and verifies nothing. Verified TLS needs an authority of the cluster's own.
   *
   * @returns undefined when the server can't encrypt
   */
  private static async attempt(
    transport: Transport,
    options: SessionOptions,
    tls: boolean,
  ): Promise<Session | undefined> {
    const deadline = Deadline.in(options.startMs ?? Infinity);
    const stream = openedStream(await openInTime(transport, options.startMs));
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
            `the server asks for the password as ${asked} instead of SCRAM: it was not sent`,
          );
        return options.password;
      },
      application_name: options.applicationName,
      client_encoding: "UTF8",
      ...NO_REPLICATION,
      options: STARTUP_OPTIONS,
      ssl: tls ? { rejectUnauthorized: false } : false,
      sslnegotiation: "postgres",
      connectionTimeoutMillis: Math.min(START_MS, deadline.left(1)),
    });
    if (options.requireScram === true) {
      // Before the client's own listeners, which only then ask for the password.
      client.connection.on("authenticationCleartextPassword", () => (asked = "clear text"));
      client.connection.on("authenticationMD5Password", () => (asked = "MD5"));
      client.connection.on("authenticationSASLFinal", () => (proven = true));
    }
    const session = new Session(transport, options, stream, client);
    try {
      await client.connect();
      if (options.requireScram === true && !proven && transport.name !== "exec")
        throw new Unproven("the server asks for no password, so it could be any server");
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
   * Another session by the same transport, e.g. to look on while the first one waits.
   *
   * @param startMs how long its start may take, in milliseconds; by default as long as this one's
   * @throws pg's DatabaseError, or Failure where the server isn't reached any more
   */
  open(startMs = this.options.startMs): Promise<Session> {
    return this.startAnother(startMs === undefined ? this.options : { ...this.options, startMs });
  }

  /** As `open`, in another database of the server. */
  openIn(database: string): Promise<Session> {
    return this.startAnother({ ...this.options, database, place: placeInDatabase(this.place, database) });
  }

  private async startAnother(options: SessionOptions): Promise<Session> {
    try {
      return await Session.start(this.transport, options);
    } catch (error) {
      throw sqlStateOf(error) === undefined ? this.lost(oneLine(error), error) : error;
    }
  }

  /** Which cluster it is on, for what is said of its nodes. */
  get place(): Place {
    return this.options.place ?? { database: this.options.database };
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
    const result = this.client.query<Row>(sql, [...parameters]);
    const running = result.then(
      () => undefined,
      () => undefined,
    );
    this.running = running;
    try {
      return (await result).rows;
    } catch (error) {
      if (sqlStateOf(error) === undefined) {
        const why = this.lastWords === "" ? oneLine(error) : `the server said: ${this.lastWords}`;
        throw this.lost(why, error);
      }
      throw error;
    } finally {
      if (this.running === running) this.running = undefined;
    }
  }

  private lost(why: string, cause: unknown): Failure {
    return new Failure(
      `lost the connection to the coordinator by ${this.transport.description}: ${this.redact(why)}`,
      advise`check that the coordinator is up, then ${AGAIN}`,
      { cause },
    );
  }

  /**
   * Cancels the statement that runs, and waits until it has ended; does nothing where none runs. By PostgreSQL's own
   * message for it (as psql's Ctrl-C), on another stream of the same transport: it needs no free connection, and no
   * function that an extension could overload.
   */
  async cancel(): Promise<void> {
    const { running } = this;
    while (running !== undefined && running === this.running) {
      // Where the server can't be reached any more, the statement fails by that.
      await this.sendCancel().catch(() => undefined);
      // Amid a step that can't be cancelled the server forgets it.
      let timer: NodeJS.Timeout | undefined;
      const again = new Promise<void>((resolve) => (timer = setTimeout(resolve, CANCEL_AGAIN_MS)));
      await Promise.race([running, again]);
      clearTimeout(timer);
    }
  }

  /** The server closes the stream once it has told the process: what is asked later isn't hit. */
  private async sendCancel(): Promise<void> {
    const { processID, secretKey } = this.client as unknown as { processID: number; secretKey: number };
    const message = Buffer.alloc(16);
    for (const [index, value] of [16, CANCEL_REQUEST, processID, secretKey].entries())
      message.writeInt32BE(value, index * 4);
    const stream = await openInTime(this.transport, CANCEL_AGAIN_MS);
    const closed = new Promise<void>((resolve) => {
      stream.once("close", resolve);
      stream.once("error", () => resolve());
    });
    stream.resume();
    stream.write(message);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CANCEL_AGAIN_MS)));
    await Promise.race([closed, late]);
    clearTimeout(timer);
    stream.destroy();
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

/** A transport that opens after all is closed again. */
async function openInTime(transport: Transport, limit: number | undefined): Promise<Duplex> {
  if (limit === undefined) return transport.open();
  const opening = transport.open();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      opening.then(
        (stream) => stream.destroy(),
        () => undefined,
      );
      reject(new TransportError(`no answer within ${(limit / 1000).toFixed(1)} s`, false));
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
