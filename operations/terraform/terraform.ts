import { chmodSync } from "node:fs";
import { withoutRedirections } from "../../model/redirections";
import { type ChildResult, runChild } from "../base/child-process";
import { Failure, oneLine } from "../base/failure";
import { TERRAFORM_BINARY, terraformCommand } from "../base/terraform-command";
import { AGAIN, advise } from "../base/remedy";
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
    const text = await this.run(["state", "pull"]);
    return text.trim() === "" ? undefined : (JSON.parse(text) as unknown);
  }

  /** Whether another Terraform works on this state: a plan that asks no server takes its lock. */
  async checkLock(address: string): Promise<void> {
    await this.run(["plan", "-refresh=false", "-input=false", "-no-color", `-target=${address}`]);
  }

  async removeFromState(addresses: readonly string[]): Promise<void> {
    if (addresses.length > 0) await this.run(["state", "rm", ...addresses]);
  }

  /**
   * Plans everything, or the given addresses and what they depend on. The plan is saved to `file`, for its owner alone: it holds
   * the values of the variables.
   */
  async plan(file: string, addresses: readonly string[] = []): Promise<PlanJson> {
    const targets = addresses.map((address) => `-target=${address}`);
    await this.run(["plan", "-input=false", "-no-color", `-out=${file}`, ...targets]);
    chmodSync(file, 0o600);
    return this.show(file);
  }

  /** A saved plan, with the values of all variables. */
  async show(file: string): Promise<PlanJson> {
    return JSON.parse(await this.run(["show", "-json", "-no-color", file])) as PlanJson;
  }

  async apply(file: string): Promise<void> {
    await this.run(["apply", "-input=false", "-no-color", file]);
  }

  private async run(args: readonly string[]): Promise<string> {
    const binary = terraformCommand(this.env);
    let result: ChildResult;
    try {
      result = await runChild(binary, args, {
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
    if (result.code === 0) return result.stdout;
    throw explain(binary, args[0] ?? "", `${result.stdout}\n${result.stderr}`);
  }
}

function explain(binary: string, command: string, output: string): Failure {
  // Terraform frames its errors with a bar on the left.
  const lines = output.split("\n").map((line) => line.replace(/^[│╷╵]\s?/, "").trimEnd());
  const detail = lines
    .slice(
      Math.max(
        0,
        lines.findIndex((line) => line.startsWith("Error:")),
      ),
    )
    .filter(Boolean);
  const lock = detail.find((line) => /^Error: Error acquiring the state lock/.test(line));
  if (lock !== undefined) {
    return new Failure(
      "another Terraform holds the lock of this state",
      `wait until it ends; if it is dead, \`${binary} force-unlock\` with the ID above releases the lock`,
      { detail },
    );
  }
  const summary = detail[0]?.replace(/^Error:\s*/, "") ?? "it failed without a message";
  return new Failure(
    `${binary} ${command}: ${summary}`,
    advise`repair what the lines above say and ${AGAIN}`,
    {
      detail,
    },
  );
}
