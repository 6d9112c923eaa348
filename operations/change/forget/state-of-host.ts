import { STEP } from "../../../model/contract/terraform-address";
import type { TerraformState } from "../../../model/terraform-state";

/**
 * Addresses of what a Docker host has in Terraform's state: everything of its provider, and the membership of its
 * workers. Only Docker on that host could destroy the first, and the second would be drained.
 */
export function addressesOfHost({ resources = [] }: TerraformState, host: string): string[] {
  return resources
    .filter(({ mode }) => mode === "managed")
    .flatMap(({ type, name, provider, instances = [] }) =>
      instances.flatMap(({ index_key: key }) => {
        const address = `${type}.${name}${key === undefined ? "" : `[${JSON.stringify(key)}]`}`;
        if (provider.endsWith(`.${host}`) && type.startsWith("docker_")) return [address];
        const isMember =
          type === "null_resource" && name === STEP.membership && String(key).startsWith(`${host}/`);
        return isMember ? [address] : [];
      }),
    );
}
