import { existsSync, readFileSync } from "node:fs";
import type { Environment } from "./environment";

/** What is read of a Terraform state that is a local file. */
export interface LocalState {
  readonly resources?: readonly StateResource[];
}

export interface StateResource {
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
export function localStatePath({ name, backend = { type: "local" } }: Environment): string | undefined {
  return backend.type === "local" ? (backend.path ?? `state/${name}.tfstate`) : undefined;
}

/**
 * The state as it is on disk; empty where there is none, or none that can be read: then it is Terraform's to say so.
 */
export function readLocalState(file: string): LocalState {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8")) as LocalState;
  } catch {
    return {};
  }
}

/** Ids of the nodes whose removal Terraform would begin with a drain: those with a `null_resource.membership`. */
export function membersIn({ resources = [] }: LocalState): string[] {
  return resources
    .filter(({ type, name }) => type === "null_resource" && name === "membership")
    .flatMap(({ instances = [] }) => instances.map(({ index_key }) => String(index_key)));
}

/**
 * Nodes whose containers are there, by their addresses, `<host>_<worker>`; neither of the two names has a "_". Without those
 * that never got healthy (tainted, to Terraform).
 */
export function containersIn({ resources = [] }: LocalState): { id: string; host: string }[] {
  return resources
    .filter(({ type }) => type === "docker_container")
    .filter(({ instances = [] }) => instances.some(({ status }) => status !== "tainted"))
    .map(({ name }) => ({ id: name.replace("_", "/"), host: name.split("_")[0] ?? name }));
}
