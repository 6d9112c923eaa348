import type { StandInCluster } from "./stand-in-cluster";

/** Inserts rows one after the other and keeps the ids that the server acknowledged. */
export class Writer {
  readonly acknowledged: string[] = [];
  readonly errors: unknown[] = [];
  private running = true;
  private done: Promise<void> | undefined;

  constructor(
    private readonly cluster: StandInCluster,
    readonly id: number,
  ) {}

  async start(): Promise<void> {
    const client = await this.cluster.connect();
    const write = async () => {
      while (this.running) {
        const { rows } = await client.query<{ id: string }>(
          "INSERT INTO events (writer, body) VALUES ($1, 'w') RETURNING id",
          [this.id],
        );
        this.acknowledged.push(rows[0]?.id ?? "");
      }
    };
    this.done = write()
      .catch((error: unknown) => void this.errors.push(error))
      .finally(() => client.end());
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }
}
