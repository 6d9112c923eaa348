import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Backend, Environment } from "./environment";
import { STEP, nodeAt } from "./contract/terraform-address";

/** What is read of a Terraform state, version 4. */
export interface TerraformState {
  readonly resources?: readonly StateResource[];
}

interface StateResource {
  /** managed or data */
  readonly mode?: string;
  readonly type: string;
  readonly name: string;
  /** `provider["registry.terraform.io/kreuzwerker/docker"].server-c` */
  readonly provider: string;
  readonly instances?: readonly { readonly index_key?: string | number; readonly status?: string }[];
}

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

/** Ids of the nodes whose removal Terraform would begin with a drain: those with a `null_resource.membership`. */
export function membersIn({ resources = [] }: TerraformState): string[] {
  return resources
    .filter(({ type, name }) => type === "null_resource" && name === STEP.membership)
    .flatMap(({ instances = [] }) => instances.map(({ index_key }) => String(index_key)));
}

/**
 * Nodes whose containers are there, by their addresses. Without those that never got healthy (tainted, to Terraform).
 */
export function containersIn({ resources = [] }: TerraformState): { id: string; host: string }[] {
  return resources
    .filter(({ type }) => type === "docker_container")
    .filter(({ instances = [] }) => instances.some(({ status }) => status !== "tainted"))
    .map(({ name }) => ({ id: nodeAt(name), host: name.split("_")[0] ?? name }));
}
