import { nodeAddress } from "../environments/node-address";

/** Names the command that runs the plans, as it does for cdktf: `tofu`, or a path. */
export const TERRAFORM_BINARY = "TERRAFORM_BINARY_NAME";

/** A command line, in the stack's folder, that makes or replaces one node's container and nothing else. */
export function applyOne(id: string, env: NodeJS.ProcessEnv): string {
  return `${terraformCommand(env)} apply -target=docker_container.${nodeAddress(id)}`;
}

/** The command that runs the plans of this project, also for a person to type. @default "terraform" */
export function terraformCommand(env: NodeJS.ProcessEnv): string {
  return env[TERRAFORM_BINARY] || "terraform";
}
