import type { TerraformStack } from "cdktf";
import type { Environment } from "../model/environment";
import { forgottenHosts } from "../model/contract/forgotten-hosts";
import { readLocalState } from "../model/local-state";
import type { TerraformState } from "../model/terraform-state";

/**
 * Refuses at synth what Terraform would only call `Provider configuration not present`: a Docker host that was deleted from
 * the environment while its resources are still in the state. Where the state is kept elsewhere, synth can't know, and
 * Terraform's own error stands.
 *
 * @param output the project's output folder
 */
export function refuseLeftHosts(stack: TerraformStack, environment: Environment, output: string): void {
  stack.node.addValidation({
    validate: () => {
      const known = [...Object.keys(environment.hosts), ...forgottenHosts()];
      return [...resourcesByHost(readLocalState(output, environment))]
        .filter(([host]) => !known.includes(host))
        .map(
          ([host, resources]) =>
            `${environment.name}: hosts: "${host}" was deleted, but ${resources.length} resources are still there ` +
            `(${resources.slice(0, 2).join(", ")}, ...): put it back without workers (\`workers: { "${host}": 0 }\`), deploy, then ` +
            `delete it; if that server never comes back: npx pg-dist forget ${environment.name} ${host}`,
        );
    },
  });
}

function resourcesByHost({ resources = [] }: TerraformState): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { type, name, provider } of resources) {
    // A host's id is the alias of its provider: provider["registry.terraform.io/kreuzwerker/docker"].server-c
    const host = /\/docker"\]\.(.+)$/.exec(provider)?.[1];
    if (host !== undefined) found.set(host, [...(found.get(host) ?? []), `${type}.${name}`]);
  }
  return found;
}
