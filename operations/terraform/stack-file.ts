import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, oneLine } from "../base/failure";
import { AGAIN, advise } from "../base/remedy";

/** `cdk.tf.json` of a synthesized stack, as far as it is read. */
export interface StackJson {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, StackResource>>>>;
  readonly variable?: Readonly<Record<string, { readonly default?: unknown; readonly sensitive?: boolean }>>;
  readonly terraform?: {
    /** HCP Terraform keeps the values of variables itself. */
    readonly cloud?: CloudBlock;
    /** The backend's arguments, by its name. */
    readonly backend?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
}

/** `cloud` of the block `terraform`. */
interface CloudBlock {
  /** @default TF_CLOUD_HOSTNAME, else that of HCP Terraform */
  readonly hostname?: string;
  readonly organization: string;
  readonly workspaces: { readonly name: string };
}

/** A resource as it is declared; texts may have references in them: `${docker_network.server-d.name}`. */
export interface StackResource {
  readonly name: string;
  readonly provider: string;
  readonly labels?: readonly { readonly label: string; readonly value: string }[];
  readonly driver_opts?: { readonly device?: string };
  readonly [key: string]: unknown;
}

/** @param folder the stack's */
export function stackFile(folder: string): string {
  return join(folder, "cdk.tf.json");
}

/** @param folder the stack's */
export function readStackFile(folder: string): StackJson {
  const file = stackFile(folder);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as StackJson;
  } catch (error) {
    throw new Failure(
      `can't read ${file}: ${oneLine(error)}`,
      advise`check that \`npx cdktf synth\` writes all of it, then ${AGAIN}`,
      { cause: error },
    );
  }
}

/** Variables without a value of their own, which the process environment must give as TF_VAR_<name>. */
export function requiredVariables({ terraform, variable = {} }: StackJson): string[] {
  if (terraform?.cloud !== undefined) return [];
  return Object.entries(variable).flatMap(([name, { default: value }]) =>
    value === undefined || value === "" ? [name] : [],
  );
}

/** @throws Failure for a variable that the process environment lacks */
export function requireVariables(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): void {
  const missing = names.filter((name) => !env[`TF_VAR_${name}`]).map((name) => `TF_VAR_${name}`);
  if (missing.length > 0) {
    throw new Failure(
      `${missing.join(" and ")} is not set`,
      "set it as for `cdktf deploy`: Terraform needs it",
    );
  }
}
