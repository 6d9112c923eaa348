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
