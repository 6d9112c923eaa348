import { spawn, type ChildProcess } from "node:child_process";
import { callerOf } from "../../operations/base/caller/caller";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { type Cluster, describeCluster } from "../../model/cluster";
import type { Environment } from "../../model/environment";
import { connect } from "../../operations/cluster/connection/connect";
import type { Session } from "../../operations/cluster/connection/session";
import { CitusStack } from "../../stacks/citus-stack";

export interface CommandResult {
  readonly exitCode: number | null;
  /** stdout and stderr, as a person sees them. */
  readonly output: string;
}

/** What a plan would do with one resource, as `terraform show -json` has it. */
export interface PlannedChange {
  readonly address: string;
  readonly actions: readonly string[];
}

/**
 * An environment deployed by Terraform from a folder of its own, as `cdktf deploy` does it but with each step, its exit
 * code and its plan in the hands of a test.
 */
export class Deployment {
  readonly folder = mkdtempSync(join(tmpdir(), "pg-dist-deployment-"));
  /** Made up for this deployment. */
  readonly password = randomBytes(12).toString("hex");
  private environment: Environment;
  private initialised = false;

  constructor(
    environment: Environment,
    /** For every call of Terraform: where providers come from. */
    private readonly env: Readonly<Record<string, string | undefined>>,
    private readonly terraform = "terraform",
  ) {
    this.environment = environment;
    mkdirSync(join(this.folder, "state"));
    mkdirSync(this.temporary);
    this.synth(environment);
  }

  get stackFolder(): string {
    return join(this.folder, "cdktf.out", "stacks", this.environment.name);
  }

  /** Where providers have their sockets: a Terraform that is killed leaves them behind. */
  private get temporary(): string {
    return join(this.folder, "tmp");
  }

  get cluster(): Cluster {
    return describeCluster(this.environment);
  }

  /** Writes the stack of the environment, e.g. after an edit. */
  synth(environment: Environment): void {
    this.environment = environment;
    const app = new App({ outdir: join(this.folder, "cdktf.out") });
    new CitusStack(app, environment);
    app.synth();
  }

  /** @param env further environment of Terraform, e.g. another password */
  async apply(env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    await this.init();
    return finished(this.start(["apply", "-auto-approve"], env));
  }

  /** Applies and expects it to succeed. @throws with Terraform's output */
  async applied(): Promise<string> {
    const { exitCode, output } = await this.apply();
    if (exitCode !== 0) throw new Error(`terraform apply: exit code ${exitCode}\n${output}`);
    return output;
  }

  /** The changes that a plan has; none where it is empty. Data that is only read doesn't count. @throws with Terraform's output */
  async plan(): Promise<PlannedChange[]> {
    const { exitCode, output } = await this.run("plan", "-out=plan.bin", "-detailed-exitcode");
    if (exitCode !== 0 && exitCode !== 2) throw new Error(`terraform plan: exit code ${exitCode}\n${output}`);
    const { output: json } = await this.run("show", "-json", "plan.bin");
    const { resource_changes: changes = [] } = JSON.parse(json) as {
      resource_changes?: { address: string; change: { actions: string[] } }[];
    };
    const effective = changes
      .map(({ address, change }) => ({ address, actions: change.actions }))
      .filter(({ actions }) => actions.some((action) => action !== "no-op" && action !== "read"));
    // An output that changes counts too: exit code 2 is Terraform's own word that the plan isn't empty.
    if (exitCode === 2 && effective.length === 0) throw new Error(`The plan changes outputs:\n${output}`);
    return effective;
  }

  /** @param env further environment of Terraform, e.g. the second key */
  async destroy(env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    return finished(this.start(["destroy", "-auto-approve"], env));
  }

  /** Runs Terraform in the stack's folder, `init` first where needed. */
  async run(...args: string[]): Promise<CommandResult> {
    await this.init();
    return finished(this.start(args));
  }

  async init(): Promise<void> {
    if (this.initialised) return;
    const { exitCode, output } = await finished(this.start(["init"]));
    if (exitCode !== 0) throw new Error(`terraform init: exit code ${exitCode}\n${output}`);
    this.initialised = true;
  }

  /** Starts Terraform and doesn't wait: for tests that kill it. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const [command = "", ...rest] = args;
    const color = command === "show" ? [] : ["-no-color"];
    return spawn(this.terraform, [command, ...color, ...rest], {
      cwd: this.stackFolder,
      env: {
        ...process.env,
        ...this.env,
        TMPDIR: this.temporary,
        TF_VAR_postgres_password: this.password,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** A session on the coordinator; end it. */
  async session(command = "test"): Promise<Session> {
    return connect(this.cluster, {
      command,
      progress: () => undefined,
      caller: callerOf({ ...process.env, TF_VAR_postgres_password: this.password }),
    });
  }

  /** Rows of one statement on the coordinator. */
  async query<Row extends object>(sql: string): Promise<Row[]> {
    const session = await this.session();
    try {
      return await session.query<Row>(sql);
    } finally {
      await session.end();
    }
  }

  /** Removes the folder, not what was deployed. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** @returns what it wrote and its exit code, when it has ended */
export function finished(child: ChildProcess): Promise<CommandResult> {
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, output }));
  });
}
