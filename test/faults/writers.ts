import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

export interface WritersOptions {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly count: number;
  /** Between two writes of one writer, in milliseconds. */
  readonly pause: number;
}

/** A statement that takes longer is given up with its connection: whether it was done is not known then. In milliseconds. */
const STATEMENT_MS = 8000;
const CONNECT_MS = 4000;

/** Ids of one writer. */
const RANGE = 1_000_000_000;

/**
 * Clients that write without end, whatever happens to the cluster, and remember what was acknowledged: one row in `item`
 * and its line, or, the last of them, one in `item` and one in `event`, which may be on two nodes, in one transaction.
 */
export class FaultWriters {
  private readonly acknowledgedItems: number[] = [];
  private readonly acknowledgedEvents: number[] = [];
  private readonly tried: number[] = [];
  private running = true;
  private readonly ended: Promise<unknown>;
  errors = 0;

  constructor(private readonly options: WritersOptions) {
    this.ended = Promise.all(Array.from({ length: options.count }, (_, number) => this.write(number)));
  }

  /** As of now. */
  get items(): readonly number[] {
    return this.acknowledgedItems;
  }

  get events(): readonly number[] {
    return this.acknowledgedEvents;
  }

  /** Whether a writer ever tried to write it. */
  wasTried(id: number): boolean {
    return id % RANGE < (this.tried[Math.floor(id / RANGE)] ?? 0);
  }

  /** Whether a row of `item` has one in `event` instead of a line. */
  wroteBoth(id: number): boolean {
    return this.writesBoth(Math.floor(id / RANGE));
  }

  private writesBoth(writer: number): boolean {
    return writer > 0 && writer === this.options.count - 1;
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.ended;
  }

  private async write(number: number): Promise<void> {
    const both = this.writesBoth(number);
    let client: Client | undefined;
    this.tried[number] = 0;
    while (this.running) {
      const sequence: number = this.tried[number] ?? 0;
      const id = number * RANGE + sequence;
      try {
        client ??= await this.connect();
        this.tried[number] = sequence + 1;
        const other = both ? "INSERT INTO event (id) VALUES ($1)" : "INSERT INTO line (item) VALUES ($1)";
        await client.query("BEGIN");
        await client.query("INSERT INTO item (id) VALUES ($1)", [id]);
        await client.query(other, [id]);
        await client.query("COMMIT");
        this.acknowledgedItems.push(id);
        if (both) this.acknowledgedEvents.push(id);
      } catch {
        this.errors += 1;
        discard(client);
        client = undefined;
        await sleep(200);
      }
      await sleep(this.options.pause);
    }
    discard(client);
  }

  private async connect(): Promise<Client> {
    const { host, port, password } = this.options;
    const client = new Client({
      ...{ host, port, password, user: "postgres", database: "postgres" },
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: STATEMENT_MS,
      application_name: "writer",
    });
    client.on("error", () => undefined); // the next statement fails, too
    try {
      await client.connect();
      // Where its link was cut, the server must not keep the transaction and its locks.
      await client.query("SET tcp_user_timeout = '10s'; SET idle_in_transaction_session_timeout = '15s'");
    } catch (error) {
      discard(client);
      throw error;
    }
    return client;
  }
}

/** Without waiting for the server, which may be gone. */
function discard(client: Client | undefined): void {
  const { connection } = (client ?? {}) as { connection?: { stream: { destroy(): void } } };
  connection?.stream.destroy();
}
