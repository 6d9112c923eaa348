import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Cluster, ClusterNode, Endpoint } from "../../model/cluster";

const run = promisify(execFile);

/** The program as Terraform runs it, built by operations/bundle.mjs. */
const PROGRAM = join(__dirname, "..", "..", "dist", "pg-dist.mjs");

/** The image that the tests run; it must be on the local engine already. */
export const IMAGE = process.env["PGDIST_TEST_IMAGE"] || "citusdata/citus:13.0.3";

export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run("docker", args, { maxBuffer: 1 << 24 });
  return stdout.trim();
}

/** Everything a container wrote; PostgreSQL logs to standard error. */
export async function dockerLogs(container: string): Promise<string> {
  const { stdout, stderr } = await run("docker", ["logs", container], { maxBuffer: 1 << 26 });
  return stdout + stderr;
}

/** Why tests on this image can't run here; undefined when they can. */
export function missingImage(image: string): string | undefined {
  if (process.env["PGDIST_PARTS"] === "stand-in") return "PGDIST_PARTS=stand-in";
  const { error, status, stderr } = spawnSync("docker", ["image", "inspect", image], { encoding: "utf8" });
  return status === 0
    ? undefined
    : `needs ${image} on a local Docker engine: ${error?.message ?? stderr.trim().split("\n").at(-1)}`;
}

export interface StartOptions {
  readonly password?: string;
  readonly image?: string;
  readonly settings?: readonly string[];
  /** Data of another container. */
  readonly volume?: string;
  readonly database?: string;
  readonly network?: string;
}

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  /** The last line: cause and remedy of a failure. */
  readonly last: string;
}

/**
 * A coordinator and workers as plain containers on a Docker network of their own, and the program as Terraform runs
 * it. Node names are the containers': `coordinator`, `w1`, ...
 */
export class CitusContainers {
  readonly password = randomBytes(12).toString("hex");
  readonly prefix = `pgdist-test-${randomBytes(4).toString("hex")}`;
  private readonly containers = new Set<string>();
  private readonly networks: string[] = [];
  private readonly volumes = new Set<string>();
  private folder = "";

  async create(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), "pg-dist-register-"));
    await this.createNetwork(this.prefix);
  }

  /** A second network, to which containers can be connected. */
  async createNetwork(name: string): Promise<void> {
    await docker("network", "create", name);
    this.networks.push(name);
  }

  container(name: string): string {
    return `${this.prefix}-${name}`;
  }

  volume(name: string): string {
    return `${this.prefix}-${name}-data`;
  }

  async start(name: string, options: StartOptions = {}): Promise<void> {
    const volume = options.volume ?? this.volume(name);
    this.containers.add(this.container(name));
    this.volumes.add(volume);
    await docker(
      ...["run", "-d", "--name", this.container(name), "--network", options.network ?? this.prefix],
      ...["-e", `POSTGRES_PASSWORD=${options.password ?? this.password}`],
      ...["-e", `POSTGRES_DB=${options.database ?? "postgres"}`],
      ...["-v", `${volume}:/var/lib/postgresql/data`],
      ...(name === "coordinator" ? ["-p", "127.0.0.1::5432"] : []),
      options.image ?? IMAGE,
      ...["postgres", "-c", "shared_preload_libraries=citus", "-c", "wal_level=logical"],
      ...(options.settings ?? []).flatMap((setting) => ["-c", setting]),
    );
    await this.waitFor(name, options.database);
  }

  /** Until the server accepts connections and the extension is there. */
  async waitFor(name: string, database = "postgres"): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.sql(name, "SELECT 1 / count(*) FROM pg_extension WHERE extname = 'citus'", database);
        return;
      } catch (error) {
        if (attempt > 240) throw error;
        await sleep(500);
      }
    }
  }

  /** Removes a container; its volume stays. */
  async remove(name: string): Promise<void> {
    await docker("rm", "-f", this.container(name));
  }

  async removeVolume(name: string): Promise<void> {
    await docker("volume", "rm", this.volume(name));
  }

  /** Runs SQL in the container, where loopback needs no password. */
  async sql(name: string, statement: string, database = "postgres"): Promise<string> {
    return docker(
      // By a variable, as psql takes a name with "=" in it for connection parameters.
      ...[
        "exec",
        "-e",
        `PGDATABASE=${database}`,
        this.container(name),
        "psql",
        "-h",
        "127.0.0.1",
        "-U",
        "postgres",
      ],
      ...["-v", "ON_ERROR_STOP=1", "-qAtc", statement],
    );
  }

  /** A cluster of these workers; an endpoint is the container's name unless it is given. */
  async cluster(workers: readonly string[], endpoints: Record<string, Endpoint> = {}): Promise<Cluster> {
    const port = (await docker("port", this.container("coordinator"), "5432/tcp")).split(":").at(-1);
    const node = (name: string): ClusterNode => ({
      id: `local/${name}`,
      host: "local",
      name,
      role: name === "coordinator" ? "coordinator" : "worker",
      container: this.container(name),
      endpoint: endpoints[name] ?? { host: this.container(name), port: 5432 },
      image: IMAGE,
      postgresMajor: 17,
      settings: { wal_level: "logical" },
    });
    return {
      environment: "test",
      name: this.prefix,
      user: "postgres",
      database: "postgres",
      protected: false,
      ephemeral: true,
      rollout: "all-at-once",
      rebalance: "manual",
      hosts: [{ id: "local", connection: "unix:///var/run/docker.sock", sshOptions: [] }],
      nodes: [
        { ...node("coordinator"), published: { ip: "127.0.0.1", port: Number(port) } },
        ...workers.map(node),
      ],
    };
  }

  /** The program's command line, for whoever starts it another way. */
  async command(cluster: Cluster, operation: readonly string[]): Promise<readonly [string, ...string[]]> {
    const file = join(this.folder, `cluster-${randomBytes(4).toString("hex")}.json`);
    await writeFile(file, JSON.stringify(cluster));
    return [process.execPath, PROGRAM, ...operation, "--cluster", file];
  }

  /** Starts the program. Whoever kills it must wait for its end. */
  async launch(
    cluster: Cluster,
    env: NodeJS.ProcessEnv = {},
    operation: readonly string[] = ["register"],
  ): Promise<{ child: ChildProcess; ended: Promise<Outcome> }> {
    const [command, ...args] = await this.command(cluster, operation);
    const child = spawn(command, args, {
      env: { PATH: process.env["PATH"], TF_VAR_postgres_password: this.password, ...env },
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<Outcome>((resolve) => {
      child.once("close", (code) =>
        resolve({ code, output, last: output.trimEnd().split("\n").at(-1) ?? "" }),
      );
    });
    return { child, ended };
  }

  async register(cluster: Cluster, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return (await this.launch(cluster, env)).ended;
  }

  /** Removes everything that was made here. */
  async destroy(): Promise<void> {
    for (const name of this.containers) await docker("rm", "-f", "-v", name).catch(() => undefined);
    for (const name of this.volumes) await docker("volume", "rm", name).catch(() => undefined);
    for (const name of this.networks) await docker("network", "rm", name);
    await rm(this.folder, { recursive: true, force: true });
  }
}
