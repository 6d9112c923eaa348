import type { TerraformStack } from "cdktf";
import { describeCluster } from "../environments/cluster";
import type { Environment } from "../environments/environment";
import { forgottenHosts } from "../environments/forgotten-hosts";
import { type LocalState, readLocalState } from "./local-state";

/**
 * Refuses at synth to delete a worker whose membership isn't in the state, e.g. after an old copy of it was put back, or
 * `pg-dist recover` could not make it: Terraform would destroy container and volume without the drain. A container that never
 * got healthy (Terraform calls it tainted) was never registered and may go. Where the state is kept elsewhere, synth
 * can't know.
 *
 * @param path of the local state, relative to the project's folder
 */
export function refuseUndrained(stack: TerraformStack, environment: Environment, path: string): void {
  stack.node.addValidation({
    validate: () => {
      const state = readLocalState(stack, path);
      const members = membersIn(state);
      const declared = describeCluster(environment).nodes.map(({ id }) => id);
      return containersIn(state)
        .filter(({ id }) => !declared.includes(id) && !members.includes(id))
        .filter(({ host }) => !forgottenHosts().includes(host) && environment.hosts[host] !== undefined)
        .map(
          ({ id }) =>
            `${environment.name}: workers: "${id}" was deleted, but Terraform's state has its container and not its ` +
            `membership (null_resource.membership["${id}"]): it would be destroyed undrained. Put it back, deploy, then delete it`,
        );
    },
  });
}

function membersIn({ resources = [] }: LocalState): string[] {
  return resources
    .filter(({ type, name }) => type === "null_resource" && name === "membership")
    .flatMap(({ instances = [] }) => instances.map(({ index_key: id }) => String(id)));
}

/** By their addresses, `<host>_<worker>`; neither of the two names has a "_". */
function containersIn({ resources = [] }: LocalState): { id: string; host: string }[] {
  return resources
    .filter(({ type }) => type === "docker_container")
    .filter(({ instances = [] }) => instances.some(({ status }) => status !== "tainted"))
    .map(({ name }) => ({ id: name.replace("_", "/"), host: name.split("_")[0] ?? name }));
}
