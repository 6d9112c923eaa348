import type { TerraformStack } from "cdktf";
import { describeCluster } from "../model/cluster";
import type { Environment } from "../model/environment";
import { forgottenHosts } from "../model/contract/forgotten-hosts";
import { readLocalState } from "../model/local-state";
import { containersIn, membersIn } from "../model/terraform-state";

/**
 * Refuses at synth to delete a worker while the state has no memberships at all, as when they were removed by hand:
 * Terraform would destroy container and volume without the drain. Where others have theirs, its own was removed by a
 * drain, and Terraform ended before the container went. A container that never got healthy (tainted, to Terraform) was never
 * registered, nor is one without its own membership: `pg-dist add` refuses it. Where the state is kept elsewhere, synth can't
 * know it, and `review` refuses the plan.
 *
 * @param output the project's output folder
 */
export function refuseUndrained(stack: TerraformStack, environment: Environment, output: string): void {
  stack.node.addValidation({
    validate: () => {
      const state = readLocalState(output, environment);
      if (membersIn(state).length > 0) return [];
      const declared = describeCluster(environment).nodes.map(({ id }) => id);
      return containersIn(state)
        .filter(({ id }) => !declared.includes(id))
        .filter(({ host }) => !forgottenHosts().includes(host) && environment.hosts[host] !== undefined)
        .map(
          ({ id }) =>
            `${environment.name}: workers: "${id}" was deleted, but Terraform's state has its container and no membership ` +
            "(null_resource.membership) of any node: it would be destroyed undrained. Put it back, deploy, then delete it",
        );
    },
  });
}
