import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { Failure } from "./failure.mjs";

/**
 * The command that runs the plans: what TERRAFORM_BINARY_NAME names, else `terraform`, else `tofu`.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string} as cdktf takes it in TERRAFORM_BINARY_NAME
 * @throws {Failure} when there is none
 */
export function findTerraform(env) {
  const named = env.TERRAFORM_BINARY_NAME;
  const found = (named ? [named] : ["terraform", "tofu"]).find((name) => isCommand(name, env.PATH ?? ""));
  if (found !== undefined) return found;
  if (named) {
    throw new Failure(
      `TERRAFORM_BINARY_NAME names ${named}, which is no command in PATH`,
      "correct it, or unset it to use terraform or tofu",
    );
  }
  throw new Failure(
    "neither terraform nor tofu is in PATH",
    "install Terraform 1.5 or later (https://developer.hashicorp.com/terraform/install) or OpenTofu " +
      "(https://opentofu.org/docs/intro/install), then run this again",
  );
}

/**
 * @param {string} name
 * @param {string} path
 */
function isCommand(name, path) {
  const folders = isAbsolute(name) ? [""] : path.split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
