import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Environment } from "../../model/environment";
import { type CitusContainers, type Outcome, docker } from "./citus-on-docker";

const PG_DIST = join(__dirname, "../../bin/pg-dist.mjs");

/** A project with one environment, `test`, that declares the nodes of CitusContainers; and `pg-dist` in its folder. */
export class CitusProject {
  private folder = "";

  /** @param env of `pg-dist`, beside its password */
  constructor(
    private readonly citus: CitusContainers,
    private readonly env: NodeJS.ProcessEnv = {},
  ) {}

  /** Declares these workers of one Docker host, `local`, from now on. */
  async declare(workers: readonly string[], changes: Partial<Environment> = {}): Promise<void> {
    await this.write({
      hosts: { local: { connection: "unix:///var/run/docker.sock" } },
      workers: { local: Object.fromEntries(workers.map((name) => [name, {}])) },
      ...changes,
    });
  }

  /** Declares hosts and workers, beside the coordinator on host `local`. */
  async write(declared: Pick<Environment, "hosts" | "workers">): Promise<void> {
    if (this.folder === "") {
      this.folder = await mkdtemp(join(tmpdir(), "pg-dist-project-"));
      await mkdir(join(this.folder, "environments"));
      await this.file("cdktf.json", JSON.stringify({ app: "true" }));
    }
    const port = await docker("port", this.citus.container("coordinator"), "5432/tcp");
    const environment: Environment = {
      name: "test",
      cluster: this.citus.prefix,
      coordinator: { host: "local", port: Number(port.split(":").at(-1)) },
      ephemeral: true,
      ...declared,
    };
    await this.file("environments/test.ts", `export const test = ${JSON.stringify(environment, null, 2)};\n`);
  }

  /** Writes a file of the project; its synthesis itself does nothing. */
  async file(path: string, text: string): Promise<void> {
    const file = this.path(path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  path(path: string): string {
    return join(this.folder, path);
  }

  /** How `pg-dist` is started, with its password. */
  command(...args: string[]): { command: [string, ...string[]]; cwd: string; env: NodeJS.ProcessEnv } {
    return {
      command: [process.execPath, PG_DIST, ...args],
      cwd: this.folder,
      env: {
        PATH: process.env["PATH"],
        HOME: this.folder,
        TF_VAR_postgres_password: this.citus.password,
        ...this.env,
      },
    };
  }

  /** Starts `pg-dist`; `output` is what it has written by now. */
  launch(...args: string[]): {
    child: ChildProcess;
    output: () => string;
    ended: Promise<Outcome & { stdout: string }>;
  } {
    const { command, ...options } = this.command(...args);
    const child = spawn(command[0], command.slice(1), { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<Outcome & { stdout: string }>((resolve) => {
      child.once("close", (code) =>
        resolve({ code, output, stdout, last: output.trimEnd().split("\n").at(-1) ?? "" }),
      );
    });
    return { child, output: () => output, ended };
  }

  run(...args: string[]): Promise<Outcome & { stdout: string }> {
    return this.launch(...args).ended;
  }

  async destroy(): Promise<void> {
    if (this.folder !== "") await rm(this.folder, { recursive: true, force: true });
  }
}
