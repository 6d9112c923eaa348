import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { run } from "../command";

/** The rights that the project's containers keep. */
const RIGHTS = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"];

/** A few servers of the stand-in image on a network of their own, on the local engine. */
export class StandInCluster {
  readonly password = randomBytes(12).toString("hex");
  /** Container names, which are the host names on the network; the first is the coordinator. */
  readonly names: string[];
  private readonly network = `stand-in-${randomBytes(4).toString("hex")}`;

  private constructor(size: number) {
    this.names = Array.from({ length: size }, (_, i) => `${this.network}-n${i + 1}`);
  }

  private get coordinator(): string {
    return this.names[0] ?? "";
  }

  static async start(tag: string, size: number): Promise<StandInCluster> {
    const cluster = new StandInCluster(size);
    try {
      await run("docker", ["network", "create", cluster.network]);
      for (const name of cluster.names) await cluster.runServer(name, tag);
      for (const name of cluster.names) await cluster.ready(name);
    } catch (error) {
      await cluster.remove();
      throw error;
    }
    return cluster;
  }

  async remove(): Promise<void> {
    for (const name of this.names) await run("docker", ["rm", "--force", "--volumes", name]).catch(() => "");
    await run("docker", ["network", "rm", this.network]);
  }

  async restart(): Promise<void> {
    await run("docker", ["restart", ...this.names]);
    for (const name of this.names) await this.ready(name);
  }

  /** The caller ends the connection. */
  async connect(name = this.coordinator): Promise<Client> {
    const client = new Client({
      host: await this.addressOf(name),
      user: "postgres",
      password: this.password,
      database: "postgres",
    });
    client.on("error", () => undefined); // a server that is stopped ends its connections
    await client.connect();
    return client;
  }

  /** Runs one query on a connection of its own. */
  async query<Row extends object>(text: string, name = this.coordinator): Promise<Row[]> {
    const client = await this.connect(name);
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Makes the first server the coordinator and the others its workers. */
  async register(): Promise<void> {
    const [coordinator, ...workers] = this.names;
    await this.query(`SELECT citus_set_coordinator_host('${coordinator}', 5432)`);
    for (const name of workers) await this.query(`SELECT citus_add_node('${name}', 5432)`);
  }

  /** How many ordered pairs of registered nodes reach each other, each node itself included. */
  async healthyPairs(): Promise<number> {
    const [row] = await this.query<{ pairs: number }>(
      "SELECT count(*) FILTER (WHERE result)::int AS pairs FROM citus_check_cluster_node_health()",
    );
    return row?.pairs ?? -1;
  }

  addressOf(name: string): Promise<string> {
    const address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    return run("docker", ["inspect", "--format", address, name]);
  }

  /** The variables of the server's process: what libpq finds for connections to other nodes. */
  async environmentOf(name: string): Promise<string[]> {
    const text = await run("docker", ["exec", "--user", "postgres", name, "cat", "/proc/1/environ"]);
    return text.split("\0");
  }

  private async runServer(name: string, tag: string): Promise<void> {
    const rights = RIGHTS.flatMap((right) => ["--cap-add", right]);
    await run("docker", [
      ...["run", "--detach", "--name", name, "--network", this.network],
      ...["--cap-drop", "ALL", ...rights, "--security-opt", "no-new-privileges"],
      ...["--env", `POSTGRES_PASSWORD=${this.password}`, tag],
      ...["postgres", "-c", "wal_level=logical", "-c", "shared_preload_libraries=citus"],
    ]);
  }

  /** The server of the first initialisation listens on its socket only, so an answer over TCP comes from the real one. */
  private async ready(name: string): Promise<void> {
    const ask =
      "until psql -qAt -h 127.0.0.1 -U postgres -c 'SELECT citus_version()' >/dev/null 2>&1; do sleep 0.2; done";
    await run("docker", ["exec", name, "timeout", "60", "bash", "-c", ask]);
  }
}
