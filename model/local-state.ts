import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Backend, Environment } from "./environment";
import type { TerraformState } from "./terraform-state";

/**
 * Where an environment's state is, relative to the folder that has the project's output folder (`cdktf.out`) in it;
 * undefined where it is kept elsewhere than in a file.
 */
export function localStatePath(
  environment: Pick<Environment, "name"> & { readonly backend: Extract<Backend, { type: "local" }> },
): string;
export function localStatePath(environment: Pick<Environment, "name" | "backend">): string | undefined;
export function localStatePath({
  name,
  backend = { type: "local" },
}: Pick<Environment, "name" | "backend">): string | undefined {
  return backend.type === "local" ? (backend.path ?? `state/${name}.tfstate`) : undefined;
}

/**
 * An environment's state as it is on disk; empty where there is none, where it is kept elsewhere, and where it can't be
 * read: then it is Terraform's to say so.
 *
 * @param output the project's output folder
 */
export function readLocalState(output: string, environment: Environment): TerraformState {
  const path = localStatePath(environment);
  if (path === undefined) return {};
  const file = resolve(output, "..", path);
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8")) as TerraformState;
  } catch {
    return {};
  }
}
