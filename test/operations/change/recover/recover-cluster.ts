import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { describeCluster } from "../../../../model/cluster";
import type { Environment } from "../../../../model/environment";
import { DeployedProject, shellLine } from "../../../e2e/deployed-project";
import type { CommandResult } from "../../../e2e/deployment";
import type { Parts } from "../../../../testbed/parts";

const execute = promisify(execFile);

/** What an apply says that meets what a killed one has left. */
export const TAKEN = /already (in use|exists)/;

/** How often a moment is looked for. In milliseconds. */
const POLL_MS = 30;

/** A coordinator and two workers on the local engine, with a name of its own, in a project of its own. */
export class RecoverCluster extends DeployedProject {
  static async create(parts: Parts): Promise<RecoverCluster> {
    return new RecoverCluster(parts, `recover-${randomBytes(3).toString("hex")}`, await freePort());
  }

  /** Providers of killed Terraforms, which live on without them. */
  private readonly orphans = new Set<number>();

  private constructor(
    parts: Parts,
    readonly name: string,
    private readonly port: number,
  ) {
    super(parts, environmentOf(parts, name, port));
  }

  environment(more: Partial<Environment> = {}): Environment {
    return { ...environmentOf(this.parts, this.name, this.port), ...more };
  }

  /** Runs `pg-dist recover` of this environment, as a script does: without a terminal. */
  recover(...args: string[]): Promise<CommandResult & { stdout: string }> {
    return this.run("recover", ...args);
  }

  /** Runs it as a person does, on a pseudo-terminal, and types `keys` at the question. */
  async recoverOnTerminal(keys: string): Promise<CommandResult> {
    const command = shellLine(`npx pg-dist recover ${this.name}`);
    const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      ...this.runOptions(),
      stdio: ["pipe", "pipe", "ignore"],
    });
    let output = "";
    let typed = false;
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (!typed && output.includes("Type yes to continue:")) typed = child.stdin.write(keys);
    });
    const [exitCode] = (await once(child, "close")) as [number | null];
    return { exitCode, output };
  }

  get stateFile(): string {
    return join(this.deployment.folder, "state", `${this.name}.tfstate`);
  }

  /** Addresses in the state that is on disk, also of one that was just being written. */
  stateText(): string {
    try {
      return readFileSync(this.stateFile, "utf8");
    } catch {
      return "";
    }
  }

  loseState(): void {
    rmSync(this.stateFile, { force: true });
    rmSync(`${this.stateFile}.backup`, { force: true });
  }

  restoreState(text: string): void {
    writeFileSync(this.stateFile, text);
  }

  /** Loses what of the state has one of these addresses. */
  loseResources(...addresses: string[]): void {
    const state = JSON.parse(this.stateText()) as { resources: { type: string; name: string }[] };
    const resources = state.resources.filter(({ type, name }) => !addresses.includes(`${type}.${name}`));
    this.restoreState(JSON.stringify({ ...state, resources }));
  }

  /** When each container was last started, by its id: another id is another container. */
  async starts(): Promise<Record<string, string>> {
    const ids = await this.list("container");
    if (ids.length === 0) return {};
    const format = "{{.Name}} {{.Id}} {{.State.StartedAt}}";
    const lines = (await docker("inspect", "--format", format, ...ids)).split("\n").filter(Boolean);
    return Object.fromEntries(
      lines.map((line) => [line.split(" ")[0]?.slice(1), line.slice(line.indexOf(" ") + 1)]),
    );
  }

  /** Runs `work` while a Terraform that waits for an answer holds the state's lock. */
  async whileLocked<Result>(work: () => Promise<Result>): Promise<Result> {
    const { stackFolder, password } = this.deployment;
    const terraform = spawn(this.parts.terraform.path, ["destroy", "-no-color"], {
      cwd: stackFolder,
      env: { ...process.env, ...this.parts.env, TF_INPUT: "1", TF_VAR_postgres_password: password },
      stdio: ["pipe", "pipe", "ignore"],
    });
    const closed = once(terraform, "close");
    let output = "";
    terraform.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    try {
      while (!output.includes("Enter a value:")) {
        if (terraform.exitCode !== null) throw new Error(`Terraform did not ask:\n${output}`);
        await sleep(POLL_MS);
      }
      return await work();
    } finally {
      terraform.stdin.end("no\n");
      await closed;
    }
  }

  /** Applies until `moment` is true, and kills Terraform. */
  async killApply(moment: () => Promise<boolean>): Promise<void> {
    await this.deployment.init();
    const terraform = this.deployment.start(["apply", "-auto-approve"]);
    const closed = once(terraform, "close");
    let output = "";
    for (const stream of [terraform.stdout, terraform.stderr])
      stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    while (!(await moment())) {
      if (terraform.exitCode !== null)
        throw new Error(`The apply ended before the moment to kill it:\n${output}`);
      await sleep(POLL_MS);
    }
    for (const pid of childrenOf(terraform.pid)) this.orphans.add(pid);
    terraform.kill("SIGKILL");
    await closed;
  }

  async list(type: "container" | "network" | "volume"): Promise<string[]> {
    const args = {
      container: ["ps", "--all", "--quiet", "--no-trunc", "--filter", `label=pg-dist.cluster=${this.name}`],
      network: ["network", "ls", "--quiet", "--filter", `label=pg-dist.cluster=${this.name}`],
      volume: ["volume", "ls", "--quiet", "--filter", `name=${this.name}-`],
    }[type];
    return (await docker(...args)).split("\n").filter(Boolean);
  }

  /** Removes what this cluster has on the engine, and its state. */
  async clear(): Promise<void> {
    const containers = await this.list("container");
    if (containers.length > 0) await docker("rm", "--force", "--volumes", ...containers);
    const volumes = await this.list("volume");
    if (volumes.length > 0) await docker("volume", "rm", ...volumes);
    const networks = await this.list("network");
    if (networks.length > 0) await docker("network", "rm", ...networks);
    this.loseState();
  }

  async destroy(): Promise<void> {
    // By their folder too, as a number may be another process by now.
    for (const pid of this.orphans) if (workingFolder(pid)?.includes(this.name)) process.kill(pid);
    await this.clear();
    this.deployment.remove();
  }

  node(name: string): string {
    return `${this.name}-${name}`;
  }

  get size(): number {
    return describeCluster(this.environment()).nodes.length;
  }
}

function environmentOf(parts: Parts, name: string, port: number): Environment {
  return {
    name,
    cluster: name,
    hosts: { local: { connection: "unix:///var/run/docker.sock" } },
    coordinator: { host: "local", port },
    workers: { local: 2 },
    image: parts.image.tag,
    postgresMajor: 17,
    ephemeral: true,
  };
}

export async function docker(...args: string[]): Promise<string> {
  const { stdout, stderr } = await execute("docker", ["-H", "unix:///var/run/docker.sock", ...args]);
  return args[0] === "logs" ? `${stdout}${stderr}` : stdout;
}

/** Of all its threads: any of them may have started one. */
function childrenOf(pid: number | undefined): number[] {
  const tasks = `/proc/${pid}/task`;
  const text = readdirSync(tasks).map((task) => readFileSync(join(tasks, task, "children"), "utf8"));
  return text.join(" ").split(" ").filter(Boolean).map(Number);
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
