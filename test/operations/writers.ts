import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

export interface WritersOptions {
  readonly port: number;
  readonly password: string;
  /** @default 3 */
  readonly count?: number;
}

/**
 * Clients that insert one row after the other, each in a transaction of its own, into a table with `id bigint` as its
 * primary key, and remember what was acknowledged.
 */
export class Writers {
  readonly acknowledged: number[] = [];
  readonly errors: string[] = [];
  /** Longest time that one insert took, in milliseconds. */
  longest = 0;
  private running = true;
  private readonly clients: Client[] = [];
  private ended: Promise<unknown> = Promise.resolve();

  static async start(table: string, firstId: number, options: WritersOptions): Promise<Writers> {
    const writers = new Writers();
    for (let number = 0; number < (options.count ?? 3); number++) {
      const client = new Client({
        host: "127.0.0.1",
        port: options.port,
        user: "postgres",
        database: "postgres",
        password: options.password,
      });
      await client.connect();
      writers.clients.push(client);
    }
    writers.ended = Promise.all(
      writers.clients.map((client, number) => writers.write(client, table, firstId + number * 1_000_000)),
    );
    return writers;
  }

  private async write(client: Client, table: string, firstId: number): Promise<void> {
    for (let id = firstId; this.running; id++) {
      const started = performance.now();
      try {
        await client.query(`INSERT INTO ${table} (id) VALUES ($1)`, [id]);
        this.acknowledged.push(id);
      } catch (error) {
        this.errors.push(String(error));
      }
      this.longest = Math.max(this.longest, performance.now() - started);
      await sleep(2);
    }
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.ended;
    for (const client of this.clients) await client.end();
  }
}
