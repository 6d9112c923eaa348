import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { CitusContainers, docker } from "./citus-containers";
import { expectShape } from "./json-shape";

const PG_DIST = join(__dirname, "../../bin/pg-dist.mjs");

/** `--timeout` of every command, in seconds. */
export const TIMEOUT = 15;
/** Ends a command that hangs. How long one may take is asserted elsewhere (run-in-time.ts), on a machine as busy as it is. */
const LIMIT_MS = 90_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A coordinator and three workers with a few tables, and a project whose environments have them. */
export class CommandsCluster {
  readonly citus = new CitusContainers();
  /** Of the project. */
  folder = "";
  /** The coordinator's on loopback. */
  port = "";

  async create(): Promise<void> {
    const { citus } = this;
    await citus.create();
    await Promise.all(["coordinator", "w1", "w2", "w3"].map((name) => citus.start(name)));
    const cluster = await citus.cluster(["w1", "w2", "w3"]);
    expect((await citus.register(cluster)).code).toBe(0);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY, note text);
       SELECT create_distributed_table('orders', 'id', shard_count => 9);
       CREATE TABLE country (code text PRIMARY KEY);
       SELECT create_reference_table('country');
       INSERT INTO orders SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i`,
    );
    this.port = (await docker("port", citus.container("coordinator"), "5432/tcp")).split(":").at(-1) ?? "";
    this.folder = mkdtempSync(join(tmpdir(), "pg-dist-commands-"));
    mkdirSync(join(this.folder, "environments"));
    writeFileSync(join(this.folder, "cdktf.json"), JSON.stringify({ app: "true" }));
    this.declare("whole", ["w1", "w2", "w3"]);
    this.declare("changed", ["w1", "w2", "w4"]);
  }

  async destroy(): Promise<void> {
    await this.citus.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }

  pgDist(args: readonly string[], env: NodeJS.ProcessEnv = this.password()): Promise<Ended> {
    return new Promise((resolve) => {
      const options = { cwd: this.folder, env, timeout: LIMIT_MS, killSignal: "SIGKILL" as const };
      execFile(
        process.execPath,
        [PG_DIST, ...args, "--timeout", String(TIMEOUT)],
        options,
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
          resolve({ code, stdout, stderr });
        },
      );
    });
  }

  /** The answer for a script, of the shape that its schema says. */
  async json(
    command: string,
    ...args: string[]
  ): Promise<{ code: number | null; answer: unknown; text: string }> {
    const { code, stdout, stderr } = await this.pgDist([command, ...args, "--json"]);
    expect(stdout, stderr).toMatch(/^\{/);
    const { command: said, failure } = JSON.parse(stdout) as { command: string; failure?: unknown };
    expect(said).toBe(command);
    const answer = expectShape<unknown>(failure === undefined ? command : "failure", stdout);
    return { code, answer, text: stdout };
  }

  password(): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"], HOME: this.folder, TF_VAR_postgres_password: this.citus.password };
  }

  /** A transaction on the coordinator that keeps its locks until it is released. */
  holding(statement: string): { pid: () => Promise<string>; release: () => Promise<void> } {
    const held = `BEGIN; ${statement}; SELECT pg_sleep(600); ROLLBACK`;
    const ended = this.citus.sql("coordinator", held).catch(() => undefined);
    const sleeping = "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE 'BEGIN;%'";
    const find = () => this.citus.sql("coordinator", `SELECT pid ${sleeping}`);
    return {
      pid: async () => {
        // Only once it sleeps does it have them.
        await expect.poll(find, { timeout: 30_000 }).toMatch(/^\d+$/);
        return find();
      },
      release: async () => {
        await this.citus.sql("coordinator", `SELECT pg_cancel_backend(pid) ${sleeping}`);
        await ended;
      },
    };
  }

  /** Its containers are those of the test. */
  private declare(name: string, workers: readonly string[]): void {
    const described = {
      name,
      cluster: this.citus.prefix,
      ephemeral: true,
      hosts: { local: { connection: "unix:///var/run/docker.sock" } },
      coordinator: { host: "local", port: Number(this.port) },
      workers: { local: Object.fromEntries(workers.map((worker) => [worker, {}])) },
    };
    writeFileSync(
      join(this.folder, "environments", `${name}.ts`),
      `export const environment = ${JSON.stringify(described)};`,
    );
  }
}
