import { chmodSync, existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { TerraformState } from "../../model/terraform-state";
import { withoutRedirections } from "../../model/redirections";
import { type ChildOptions, type ChildResult, runChild } from "../base/child-process";
import { Failure, oneLine } from "../base/failure";
import type { Progress } from "../base/progress";
import { TERRAFORM_BINARY, terraformCommand } from "../base/terraform-command";
import { type ApplyEvent, readApplyLine } from "./apply-events";
import { readApplyText } from "./cloud/apply-text";
import { RemoteRuns, runIn, runOf, workspaceOf } from "./cloud/remote-runs";
import { type Diagnostic, parseDiagnostics } from "./errors/diagnostic";
import { terraformFailure } from "./errors/explain";
import type { Occurrence } from "./errors/known";
import { findHolder } from "./lock-holder/find-holder";
import type { PlanJson } from "./plan";
import { readStackFile } from "./stack-file";

/** A resource of the Docker provider in Terraform's state. */
export interface StateResource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  /** Docker's id; of a volume, its name. */
  readonly id: string;
}

interface StateJson {
  readonly values?: { readonly root_module?: { readonly resources?: readonly StateResourceJson[] } };
}

interface StateResourceJson {
  readonly address: string;
  readonly type: string;
  readonly values: { readonly id?: string; readonly name?: string };
}

/** Who looks on while a plan is applied. */
export interface Watch {
  readonly onEvent?: (event: ApplyEvent) => void;
  readonly onInterrupt?: (count: number) => void;
}

interface PlanOptions {
  /**
   * It is only looked at, and never applied: it waits for no lock, and nobody's deploy waits for it. A remote run of that kind
   * is speculative, to HCP Terraform, and leaves no file.
   *
   * @default false
   */
  readonly speculative?: boolean;
  /** Whether the Docker hosts are asked what is there, and not the state alone. @default true */
  readonly refresh?: boolean;
  /** Told where a remote run is, and what it waits for. @default nobody */
  readonly progress?: Progress;
}

/** Making a plan failed, and Terraform has saved what it had by then: it can be looked at, and not applied. */
export class HalfPlan extends Failure {
  constructor(
    { summary, remedy, detail, exitCode, cause }: Failure,
    readonly plan: PlanJson,
  ) {
    super(summary, remedy, { detail, exitCode, cause });
    this.name = "HalfPlan";
  }
}

type More = Partial<Pick<ChildOptions, "env" | "onLine" | "onInterrupt">>;

/**
 * Terraform (or OpenTofu) in the folder of a synthesized stack. Never prompts. Where a workspace of HCP Terraform has its runs
 * made by a server, plans and applies are runs there, and everything else works on the state from here.
 */
export class Terraform {
  private runsAt: Promise<RemoteRuns | undefined> | undefined;

  constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Where a server makes the runs; undefined where they are made here. To be asked after `init`, which makes the workspace. */
  remoteRuns(): Promise<RemoteRuns | undefined> {
    return (this.runsAt ??= this.openRuns());
  }

  async init(): Promise<void> {
    await this.run(["init", "-input=false", "-no-color"]);
  }

  /** The Docker provider's resources in the state; none where there is no state. */
  async readState(): Promise<StateResource[]> {
    const state = JSON.parse(await this.run(["show", "-json", "-no-color"])) as StateJson;
    return (state.values?.root_module?.resources ?? [])
      .filter(({ type }) => type.startsWith("docker_"))
      .map(({ address, type, values: { id = "", name = "" } }) => ({ address, type, id, name }));
  }

  /** The state itself, wherever the backend keeps it; empty where there is none. Takes no lock. */
  async pullState(): Promise<TerraformState> {
    const text = await this.run(["state", "pull", "-no-color"]);
    return text.trim() === "" ? {} : (JSON.parse(text) as TerraformState);
  }

  /**
   * Whether another Terraform works on this state: a plan that asks no server takes its lock. Of remote runs, one waits for the
   * other.
   */
  async checkLock(address: string): Promise<void> {
    if ((await this.remoteRuns()) !== undefined) return;
    await this.run(["plan", "-refresh=false", "-input=false", "-no-color", `-target=${address}`]);
  }

  async removeFromState(addresses: readonly string[]): Promise<void> {
    if (addresses.length > 0) await this.run(["state", "rm", "-no-color", ...addresses]);
  }

  /** Whether they could be removed now: that they are there, and that nobody else has the lock. */
  async checkRemoval(addresses: readonly string[]): Promise<void> {
    if (addresses.length > 0) await this.run(["state", "rm", "-no-color", "-dry-run", ...addresses]);
  }

  /**
   * Plans everything, or the given addresses and what they depend on. The plan is saved to `file`, for its owner alone: it holds
   * the values of the variables. Of a remote run, the file says which run it is.
   *
   * @throws HalfPlan where Terraform saved what it had when it failed; Failure
   */
  async plan(
    file: string,
    addresses: readonly string[] = [],
    { speculative = false, refresh = true, progress = () => undefined }: PlanOptions = {},
  ): Promise<PlanJson> {
    const remote = await this.remoteRuns();
    const targets = addresses.map((address) => `-target=${address}`);
    const plan = ["plan", "-input=false", "-no-color", ...(refresh ? [] : ["-refresh=false"]), ...targets];
    if (remote === undefined) {
      await this.planHere(file, [...plan, `-out=${file}`, ...(speculative ? ["-lock=false"] : [])]);
      return this.show(file);
    }
    const saved = speculative ? [] : [`-out=${file}`];
    const output = await this.run([...plan, ...saved], {
      env: this.withoutSecrets(),
      onLine: (line) => tellRun(line, progress),
    });
    const run = speculative ? runIn(output)?.run : runOf(file);
    if (run === undefined)
      throw new Failure(
        `${this.place.binary} plan: it doesn't say which run it made`,
        `look for it in workspace ${remote.workspace.organization}/${remote.workspace.name}`,
      );
    return remote.readPlan(run);
  }

  /**
   * Of a plan that a server keeps: has its run end, so that nobody confirms it there, and no other waits for it.
   *
   * @returns the run, where it waited
   */
  async discard(file: string): Promise<string | undefined> {
    const run = existsSync(file) ? runOf(file) : undefined;
    if (run === undefined) return undefined;
    return (await (await this.remoteRuns())?.discard(run)) === true ? run : undefined;
  }

  /** A saved plan, with the values of all variables. */
  async show(file: string): Promise<PlanJson> {
    const run = runOf(file);
    const remote = run === undefined ? undefined : await this.remoteRuns();
    if (run !== undefined && remote !== undefined) return remote.readPlan(run);
    return JSON.parse(await this.run(["show", "-json", "-no-color", file])) as PlanJson;
  }

  /**
   * Applies exactly a saved plan.
   *
   * @param watch onInterrupt: with it, an interrupt of this program has Terraform end what it has begun, and is told how
   *   often there was one
   * @throws Failure with each of its errors; whether it is exit code 4 depends on whether anything was begun
   */
  async apply(file: string, { onEvent, onInterrupt }: Watch = {}): Promise<void> {
    const remote = await this.remoteRuns();
    const errors: Diagnostic[] = [];
    let began = false;
    const onLine = (line: string) => {
      const read = readApplyLine(line) ?? (remote === undefined ? undefined : readApplyText(line));
      if (read === undefined) return;
      if ("severity" in read) {
        if (read.severity === "error") errors.push(read);
        return;
      }
      began = true;
      onEvent?.(read);
    };
    const env = remote === undefined ? this.env : this.withoutSecrets();
    const result = await this.start(["apply", "-json", "-input=false", file], { env, onLine, onInterrupt });
    if (result.code === 0) return;
    // Of a remote run, what went wrong there is in its text, and that it went wrong may be an event here.
    const told = errors.length > 0 && remote === undefined ? errors : [...errorsIn(result), ...errors];
    // As a plan without changes that was made here, which applies.
    if (told.length > 0 && told.every(({ summary }) => /^Saved plan has no changes/.test(summary))) return;
    const run = told.length === 0 ? runIn(stripVTControlCharacters(result.stdout)) : undefined;
    if (run !== undefined)
      throw new Failure(
        `run ${run.run} failed, and Terraform reports no error`,
        `see its page: ${run.address}`,
      );
    throw terraformFailure(told, "apply", await this.placeOf(told), { began });
  }

  private async planHere(file: string, args: readonly string[]): Promise<void> {
    const before = writtenAt(file);
    try {
      await this.run(args);
    } catch (error) {
      if (!(error instanceof Failure) || writtenAt(file) === before) throw error;
      const plan = await this.show(file).catch(() => undefined);
      throw plan === undefined ? error : new HalfPlan(error, plan);
    } finally {
      if (existsSync(file)) chmodSync(file, 0o600);
    }
  }

  private async openRuns(): Promise<RemoteRuns | undefined> {
    const workspace = workspaceOf(readStackFile(this.folder), this.env);
    return workspace && RemoteRuns.open(workspace, this.env);
  }

  /** Of a remote run, what this shell gives would stand in the server's records in clear: the workspace has them itself. */
  private withoutSecrets(): NodeJS.ProcessEnv {
    const { variable = {} } = readStackFile(this.folder);
    const secrets = Object.keys(variable).filter((name) => variable[name]?.sensitive === true);
    const names = new Set(secrets.map((name) => `TF_VAR_${name}`));
    return Object.fromEntries(Object.entries(this.env).filter(([name]) => !names.has(name)));
  }

  private async run(args: readonly string[], more: More = {}): Promise<string> {
    const result = await this.start(args, more);
    if (result.code === 0) return result.stdout;
    const errors = errorsIn(result);
    throw terraformFailure(errors, args[0] ?? "", await this.placeOf(errors));
  }

  private async start(args: readonly string[], { env = this.env, ...more }: More = {}): Promise<ChildResult> {
    const { binary } = this.place;
    try {
      return await runChild(binary, args, {
        ...more,
        cwd: this.folder,
        env: {
          ...withoutRedirections(env),
          CHECKPOINT_DISABLE: "1",
          TF_INPUT: "0",
          TF_IN_AUTOMATION: "1",
        },
      });
    } catch (error) {
      throw new Failure(
        `can't run ${binary}: ${oneLine(error)}`,
        `install Terraform, or name its binary in ${TERRAFORM_BINARY}`,
        { cause: error },
      );
    }
  }

  private async placeOf(errors: readonly Diagnostic[]): Promise<Occurrence> {
    const holder = await findHolder(errors, this.folder, this.env);
    return { ...this.place, ...(holder !== undefined && { holder }) };
  }

  private get place(): Occurrence {
    // cdktf names a stack's folder after it, and a stack is an environment.
    return { environment: basename(this.folder), binary: terraformCommand(this.env), folder: this.folder };
  }
}

/** In milliseconds; undefined where there is no such file. */
function writtenAt(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

function errorsIn({ stdout, stderr }: ChildResult): Diagnostic[] {
  // What a remote run prints is in colours, whatever was asked for here.
  const text = stripVTControlCharacters(`${stdout}\n${stderr}`);
  return parseDiagnostics(text).filter(({ severity }) => severity === "error");
}

/** What is worth to know of a remote run while one waits for it: where it can be looked at, and that others come first. */
function tellRun(line: string, progress: Progress): void {
  const text = stripVTControlCharacters(line).trim();
  const address = runIn(text)?.address;
  if (address !== undefined) progress(`run ${address}`);
  else if (/^Waiting for /.test(text)) progress(text);
}
