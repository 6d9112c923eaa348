import type { TerraformStack } from "cdktf";
import type { Environment } from "../model/environment";
import { findRedirections } from "../model/redirections";

/**
 * Refuses at synth, which every deploy begins with, what the shell would have Terraform do to another state than this
 * environment's: with a forgotten TF_WORKSPACE its state is empty, and a deploy would take the volumes of a running cluster
 * for new ones.
 */
export function refuseRedirections(
  stack: TerraformStack,
  environment: Environment,
  env: NodeJS.ProcessEnv = process.env,
): void {
  stack.node.addValidation({
    validate: () => findRedirections(environment, env).map((problem) => `${environment.name}: ${problem}`),
  });
}
