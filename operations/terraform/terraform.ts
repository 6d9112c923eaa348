import { chmodSync } from "node:fs";
import { basename } from "node:path";
import { withoutRedirections } from "../../model/redirections";
import { type ChildOptions, type ChildResult, runChild } from "../base/child-process";
import { Failure, oneLine } from "../base/failure";
import { TERRAFORM_BINARY, terraformCommand } from "../base/terraform-command";
import { type ApplyEvent, readApplyLine } from "./apply-events";
import { type Diagnostic, parseDiagnostics } from "./errors/diagnostic";
import { terraformFailure } from "./errors/explain";
import type { Occurrence } from "./errors/known";
import { findHolder } from "./lock-holder/find-holder";
import type { PlanJson } from "./plan";

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

/** Terraform (or OpenTofu) in the folder of a synthesized stack. Never prompts. */
export class Terraform {
  constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

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

  /** The state itself, which also tells each resource's provider; undefined where there is none. */
  async pullState(): Promise<unknown> {
    const text = await this.run(["state", "pull", "-no-color"]);
    return text.trim() === "" ? undefined : (JSON.parse(text) as unknown);
  }

  /** Whether another Terraform works on this state: a plan that asks no server takes its lock. */
  async checkLock(address: string): Promise<void> {
    await this.run(["plan", "-refresh=false", "-input=false", "-no-color", `-target=${address}`]);
  }

  async removeFromState(addresses: readonly string[]): Promise<void> {
    if (addresses.length > 0) await this.run(["state", "rm", "-no-color", ...addresses]);
  }

  /**
   * Plans everything, or the given addresses and what they depend on. The plan is saved to `file`, for its owner alone: it holds
   * the values of the variables.
   *
   * @param lock whether another run waits for it; one that only looks need not hold up a deploy. @default true
   */
  async plan(
    file: string,
    addresses: readonly string[] = [],
    { lock = true }: { readonly lock?: boolean } = {},
  ): Promise<PlanJson> {
    const targets = addresses.map((address) => `-target=${address}`);
    const locked = lock ? [] : ["-lock=false"];
    await this.run(["plan", "-input=false", "-no-color", `-out=${file}`, ...locked, ...targets]);
    chmodSync(file, 0o600);
    return this.show(file);
  }

  /** A saved plan, with the values of all variables. */
  async show(file: string): Promise<PlanJson> {
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
    const errors: Diagnostic[] = [];
    let began = false;
    const onLine = (line: string) => {
      const read = readApplyLine(line);
      if (read === undefined) return;
      if ("severity" in read) {
        if (read.severity === "error") errors.push(read);
        return;
      }
      began = true;
      onEvent?.(read);
    };
    const result = await this.start(["apply", "-json", "-input=false", file], { onLine, onInterrupt });
    if (result.code === 0) return;
    const told = errors.length > 0 ? errors : errorsIn(result);
    throw terraformFailure(told, "apply", await this.placeOf(told), { began });
  }

  private async run(args: readonly string[]): Promise<string> {
    const result = await this.start(args);
    if (result.code === 0) return result.stdout;
    const errors = errorsIn(result);
    throw terraformFailure(errors, args[0] ?? "", await this.placeOf(errors));
  }

  private async start(
    args: readonly string[],
    more: Pick<ChildOptions, "onLine" | "onInterrupt"> = {},
  ): Promise<ChildResult> {
    const { binary } = this.place;
    try {
      return await runChild(binary, args, {
        ...more,
        cwd: this.folder,
        env: {
          ...withoutRedirections(this.env),
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

function errorsIn({ stdout, stderr }: ChildResult): Diagnostic[] {
  return parseDiagnostics(`${stdout}\n${stderr}`).filter(({ severity }) => severity === "error");
}
