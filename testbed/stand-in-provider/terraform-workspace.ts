import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "../command";

/** A Terraform configuration in its JSON syntax. */
export type Configuration = Record<string, unknown>;

interface PlannedChange {
  address: string;
  change: { actions: string[] };
}

/** A working directory of the real Terraform for the stand-in's own tests. */
export class TerraformWorkspace {
  private readonly directory = mkdtempSync(path.join(tmpdir(), "stand-in-provider-"));

  constructor(private readonly env: Record<string, string>) {
    writeFileSync(this.file("terraform.rc"), "");
  }

  file(name: string): string {
    return path.join(this.directory, name);
  }

  /** Runs a Terraform command. @throws CommandError with Terraform's errors */
  terraform(...args: string[]): Promise<string> {
    const env = {
      CHECKPOINT_DISABLE: "1",
      TF_INPUT: "0",
      TF_CLI_CONFIG_FILE: this.file("terraform.rc"),
      ...this.env,
    };
    return run("terraform", [`-chdir=${this.directory}`, ...args], { env });
  }

  async write(configuration: Configuration): Promise<void> {
    const required_providers = {
      docker: { source: "kreuzwerker/docker", version: "~> 4.5.0" },
      null: { source: "hashicorp/null" },
    };
    writeFileSync(
      this.file("main.tf.json"),
      JSON.stringify({ terraform: { required_providers }, ...configuration }, null, 2),
    );
    await this.terraform("init", "-no-color");
  }

  /** What a plan would do: the actions by address, without what stays as it is. */
  async plan(...args: string[]): Promise<Record<string, string>> {
    await this.terraform("plan", "-no-color", "-out=plan", ...args);
    const plan = JSON.parse(await this.terraform("show", "-json", "plan")) as {
      resource_changes?: PlannedChange[];
    };
    return Object.fromEntries(
      (plan.resource_changes ?? [])
        .map(({ address, change }) => [address, change.actions.join("-")])
        .filter(([, actions]) => actions !== "no-op"),
    ) as Record<string, string>;
  }

  /** Applies the configuration, or the last plan when it is named. */
  apply(...args: string[]): Promise<string> {
    return this.terraform("apply", "-no-color", "-auto-approve", ...args);
  }

  /** Destroys what the state has, whatever the configuration says by now, and removes the directory. */
  async remove(providers: Configuration = {}): Promise<void> {
    await this.write(providers);
    await this.apply();
    rmSync(this.directory, { recursive: true });
  }
}
