import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { local } from "../environments/local";
import { DEFAULT_IMAGE } from "../model/cluster";
import { Failure } from "../operations/base/failure";
import { LOCAL_SOCKET } from "../testbed/engine";
import { findParts } from "../testbed/parts";
import { type Context, localSocket } from "./context";

/** What the cluster is made of and with. */
export interface Parts {
  readonly image: string;
  readonly standIns: { readonly image: boolean; readonly providers: boolean };
  /** On top of the process's own, for cdktf. */
  readonly env: Readonly<Record<string, string>>;
  readonly cdktfArgs: readonly string[];
  readonly banner: string;
  stop(): Promise<void>;
}

/**
 * The image and the providers, real or, where they can't be had, stand-ins (testbed/parts.ts). Stand-ins need Linux
 * and root; elsewhere Terraform and the engine fetch the real ones themselves.
 */
export async function chooseParts(context: Context): Promise<Parts> {
  const isPossible =
    process.platform === "linux" && process.getuid?.() === 0 && localSocket() === LOCAL_SOCKET;
  if (!isPossible) return realParts(context.terraform);
  const parts = await findParts({ log: context.say });
  return {
    image: parts.image.kind === "real" ? (local.image ?? DEFAULT_IMAGE) : parts.image.tag,
    standIns: { image: parts.image.kind !== "real", providers: parts.providers.kind !== "real" },
    env: { ...parts.env, ...ownConfiguration() },
    cdktfArgs: parts.cdktfArgs,
    banner: parts.banner,
    stop: () => parts.stop(),
  };
}

function realParts(terraform: string): Parts {
  if (process.env.PGDIST_PARTS === "stand-in") {
    throw new Failure(
      "PGDIST_PARTS=stand-in, and stand-ins are made only on Linux, as root, in the engine on /var/run/docker.sock",
      "unset it, or run this as root, with that socket in environments/local.ts",
    );
  }
  const image = local.image ?? DEFAULT_IMAGE;
  return {
    image,
    standIns: { image: false, providers: false },
    env: {
      CHECKPOINT_DISABLE: "1",
      TF_INPUT: "0",
      TF_CLI_CONFIG_FILE: "",
      TERRAFORM_BINARY_NAME: terraform,
      ...ownConfiguration(),
    },
    cdktfArgs: [],
    banner: `parts of this run: all real, from their registries where they aren't here (image ${image})`,
    stop: async () => undefined,
  };
}

/**
 * The tests leave the user's Terraform configuration out. A quickstart must not: it may name the mirror that the
 * providers come from. A variable that names a missing file is left out all the same: Terraform warns at each command.
 */
function ownConfiguration(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const file = env.TF_CLI_CONFIG_FILE || join(homedir(), ".terraformrc");
  return existsSync(file) ? { TF_CLI_CONFIG_FILE: file } : {};
}
