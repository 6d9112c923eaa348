import { STEP, nodeAddress } from "../../model/contract/terraform-address";

/** Names the command that runs the plans, as it does for cdktf: `tofu`, or a path. */
export const TERRAFORM_BINARY = "TERRAFORM_BINARY_NAME";

/** A command line, in the stack's folder, that makes or replaces one node's container and nothing else. */
export function applyOne(id: string, env: NodeJS.ProcessEnv): string {
  return `${terraformCommand(env)} apply -target=${typed("docker_container", nodeAddress(id))}`;
}

/** How to make one node's container anew, on its data, though nothing of the configuration has changed; for a sentence. */
export function replaceContainer(environment: string, id: string): string {
  return `in cdktf.out/stacks/${environment}: terraform apply -replace=docker_container.${nodeAddress(id)}`;
}

/** A command line, in the stack's folder, that has Terraform forget a worker's membership without running its removal. */
export function forgetMembership(id: string, env: NodeJS.ProcessEnv): string {
  return `${terraformCommand(env)} state rm ${typed("null_resource", STEP.membership)}'["${id}"]'`;
}

/**
 * An address for a shell, that is pasted: cdktf writes a construct's path behind every address that it recognizes in
 * Terraform's output (`docker_container.a_worker1 (worker-hosts/a/...)`), which no shell takes. It doesn't recognize
 * one whose name is quoted, and a shell takes the quotes away.
 */
function typed(type: string, name: string): string {
  return `${type}."${name}"`;
}

/** The command that runs the plans of this project, also for a person to type. @default "terraform" */
export function terraformCommand(env: NodeJS.ProcessEnv): string {
  return env[TERRAFORM_BINARY] || "terraform";
}
