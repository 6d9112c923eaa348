import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { App, type TerraformStack } from "cdktf";

/** What synth reads of a state that is a local file. */
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
 * The state of a stack as it is on disk; empty where there is none, or none that can be read: then it is Terraform's to
 * say so.
 *
 * @param path relative to the project's folder
 */
export function readLocalState(stack: TerraformStack, path: string): LocalState {
  const { outdir } = App.of(stack) as App;
  const file = resolve(outdir, "..", path);
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8")) as LocalState;
  } catch {
    return {};
  }
}
