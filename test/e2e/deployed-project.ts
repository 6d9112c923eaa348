import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Environment } from "../../model/environment";
import type { Parts } from "../../testbed/parts";
import { type CommandResult, Deployment } from "./deployment";

const execute = promisify(execFile);

const PG_DIST = join(__dirname, "../../bin/pg-dist.mjs");

/** An environment that is deployed from a project's folder, and `pg-dist` run there as a script runs it. */
export class DeployedProject {
  readonly deployment: Deployment;

  constructor(
    protected readonly parts: Parts,
    environment: Environment,
  ) {
    this.deployment = new Deployment(environment, parts.env, parts.terraform.path);
    const { folder } = this.deployment;
    mkdirSync(join(folder, "environments"));
    // The deployment has synthesized it; there is nothing left for the command of a project to do.
    writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ app: "true" }));
    this.declare(environment);
  }

  /** Writes the environment's file and its stack. */
  declare(environment: Environment): void {
    this.deployment.synth(environment);
    writeFileSync(
      join(this.deployment.folder, "environments", `${environment.name}.ts`),
      `export const environment = ${JSON.stringify(environment)};\n`,
    );
  }

  /** Runs a command of `pg-dist` for this environment, as a script does: without a terminal. */
  run(command: string, ...args: string[]): Promise<CommandResult & { stdout: string }> {
    return this.launch([command, this.deployment.cluster.environment, ...args]).ended;
  }

  /**
   * Starts `pg-dist`; `output` is what it has written by now.
   *
   * @param env further environment of it, e.g. another password
   */
  launch(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { cwd, env: own } = this.runOptions();
    const child = spawn(process.execPath, [PG_DIST, ...args], {
      cwd,
      env: { ...own, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const output = () => `${stdout}${stderr}`;
    const ended = once(child, "close").then(([exitCode]) => ({
      exitCode: exitCode as number | null,
      stdout,
      output: output(),
    }));
    return { child, output, ended };
  }

  /** Runs a command line as it was printed, in the project's folder; `npx pg-dist` is this one. */
  async shell(line: string): Promise<string> {
    const { stdout, stderr } = await execute("sh", ["-c", shellLine(line)], this.runOptions());
    return `${stdout}${stderr}`;
  }

  protected runOptions() {
    return {
      cwd: this.deployment.folder,
      env: {
        ...process.env,
        ...this.parts.env,
        TERRAFORM_BINARY_NAME: this.parts.terraform.path,
        TF_VAR_postgres_password: this.deployment.password,
      },
    };
  }
}

/** A command line as it is printed, for a shell of this checkout. */
export function shellLine(line: string): string {
  return line.replace(/^npx pg-dist /, `'${process.execPath}' '${PG_DIST}' `);
}
