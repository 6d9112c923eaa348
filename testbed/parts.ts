import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCitusImage, type CitusImage } from "./citus-image";
import { run } from "./command";
import { ensureLocalEngine, LOCAL_SOCKET } from "./engine";
import type { PartsMode } from "./parts-mode";
import { RUN_ROOT } from "./state";
import { findProviders } from "./terraform-providers";

/** What the tests run on. `stop()` it when the last terraform command has ended. */
export interface Parts {
  /** Always real. */
  engine: { kind: "real"; version: string };
  /** The image of the cluster's nodes; give it to `Testbed.start`. */
  image: CitusImage;
  providers: { kind: "real" | "stand-in"; from: string };
  /** Always real. */
  terraform: { path: string; version: string };
  /** Environment of every terraform and cdktf command, on top of the process's own. */
  env: Record<string, string>;
  /** Further arguments of `cdktf deploy` and `cdktf diff`. */
  cdktfArgs: readonly string[];
  /** Several lines that say of each part whether it is real, and where it comes from. Print it. */
  banner: string;
  stop(): Promise<void>;
}

/**
 * Finds the parts of this run: Docker engine, Citus image, Terraform and its providers. The variable PGDIST_PARTS
 * says which may be used: `auto` (default), `real` (a missing one is an error) or `stand-in` (real images and
 * providers are ignored).
 *
 * @throws when a part is missing and may not be replaced, or a registry answers with an error
 */
export async function findParts({ log = (_: string): void => undefined } = {}): Promise<Parts> {
  const mode = modeOf(process.env.PGDIST_PARTS);
  const terraform = await findTerraform();
  const engine = await ensureLocalEngine(log);
  try {
    const image = await findCitusImage(mode, log);
    const providers = await findProviders(mode, log);
    return {
      engine: { kind: "real", version: engine.version },
      image,
      providers: { kind: providers.kind, from: providers.from },
      terraform,
      env: { ...terraformEnvironment(), TERRAFORM_BINARY_NAME: terraform.path, ...providers.env },
      cdktfArgs: providers.cdktfArgs,
      banner: [
        `parts of this run (PGDIST_PARTS=${mode}):`,
        line("Docker engine", "real", `${engine.version} on ${LOCAL_SOCKET}`),
        line("Citus image", image.kind, `${image.tag}, ${image.from}`),
        line("Terraform", "real", `${terraform.version}, ${terraform.path}`),
        line("providers", providers.kind, providers.from),
      ].join("\n"),
      stop: async () => {
        await providers.stop();
        await engine.stop();
      },
    };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

function modeOf(value: string | undefined): PartsMode {
  if (value === undefined || value === "") return "auto";
  if (value === "auto" || value === "real" || value === "stand-in") return value;
  throw new Error(`PGDIST_PARTS is ${JSON.stringify(value)}; it can be auto, real or stand-in.`);
}

const line = (part: string, kind: string, from: string) =>
  `  ${part.padEnd(13)} ${(kind === "real" ? kind : "STAND-IN").padEnd(8)} ${from}`;

/** Nothing of the user's own Terraform configuration, no question, no call home. */
function terraformEnvironment(): Record<string, string> {
  mkdirSync(RUN_ROOT, { recursive: true });
  const config = join(RUN_ROOT, "terraform.rc");
  writeFileSync(config, "");
  return { TF_CLI_CONFIG_FILE: config, CHECKPOINT_DISABLE: "1", TF_INPUT: "0" };
}

/** What TERRAFORM_BINARY_NAME names, else `terraform`, else `tofu`, as quickstart/terraform.mjs has it. */
export async function findTerraform(): Promise<Parts["terraform"]> {
  const named = process.env.TERRAFORM_BINARY_NAME;
  const commands = named ? [named] : ["terraform", "tofu"];
  const path = await run("sh", [
    "-c",
    'for each; do command -v "$each" && exit; done; exit 1',
    "sh",
    ...commands,
  ]).catch(() => {
    throw new Error(
      `${commands.join(" or ")} is not in PATH: install Terraform or OpenTofu, or name it in TERRAFORM_BINARY_NAME.`,
    );
  });
  const output = await run(path, ["version", "-json"], { env: terraformEnvironment() });
  return { path, version: (JSON.parse(output) as { terraform_version: string }).terraform_version };
}
