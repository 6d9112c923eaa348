import type { TerraformStack } from "cdktf";
import { describeCluster } from "../environments/cluster";
import type { Environment } from "../environments/environment";
import { forgottenHosts } from "../environments/forgotten-hosts";
import { type LocalState, readLocalState } from "./local-state";

/**
 * Refuses at synth to delete a worker while the state has no memberships at all, as when `pg-dist recover` could not make
 * them: Terraform would destroy container and volume without the drain. Where others have theirs, its own was removed by a
 * drain, and Terraform ended before the container went. A container that never got healthy (tainted, to Terraform) was never
 * registered. Where the state is kept elsewhere, synth can't know.
 *
 * @param path of the local state, relative to the project's folder
 */
export function refuseUndrained(stack: TerraformStack, environment: Environment, path: string): void {
  stack.node.addValidation({
    validate: () => {
      const state = readLocalState(stack, path);
      if (hasMemberships(state)) return [];
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

function hasMemberships({ resources = [] }: LocalState): boolean {
  return resources.some(
    ({ type, name, instances = [] }) =>
      type === "null_resource" && name === "membership" && instances.length > 0,
  );
}

/** By their addresses, `<host>_<worker>`; neither of the two names has a "_". */
function containersIn({ resources = [] }: LocalState): { id: string; host: string }[] {
  return resources
    .filter(({ type }) => type === "docker_container")
    .filter(({ instances = [] }) => instances.some(({ status }) => status !== "tainted"))
    .map(({ name }) => ({ id: name.replace("_", "/"), host: name.split("_")[0] ?? name }));
}
