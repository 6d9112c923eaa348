import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { App, type TerraformStack } from "cdktf";
import type { Environment } from "../environments/environment";

/**
 * Refuses at synth what Terraform would only call `Provider configuration not present`: a Docker host that was deleted from
 * the environment while its resources are still in the state. Where the state is kept elsewhere, synth can't know, and
 * Terraform's own error stands.
 *
 * @param path of the local state, relative to the project's folder
 */
export function refuseLeftHosts(stack: TerraformStack, environment: Environment, path: string): void {
  const { outdir } = App.of(stack) as App;
  stack.node.addValidation({
    validate: () => {
      const left = resourcesByHost(resolve(outdir, "..", path));
      return [...left]
        .filter(([host]) => environment.hosts[host] === undefined)
        .map(
          ([host, resources]) =>
            `${environment.name}: hosts: "${host}" was deleted, but ${resources.length} resources are still there ` +
            `(${resources.slice(0, 2).join(", ")}, ...): put it back without workers (\`workers: { "${host}": 0 }\`), deploy, then ` +
            `delete it; if that server never comes back: npx pg-dist forget ${environment.name} ${host}`,
        );
    },
  });
}

interface State {
  readonly resources?: readonly { readonly type: string; readonly name: string; readonly provider: string }[];
}

function resourcesByHost(file: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { type, name, provider } of readState(file).resources ?? []) {
    // A host's id is the alias of its provider: provider["registry.terraform.io/kreuzwerker/docker"].server-c
    const host = /\/docker"\]\.(.+)$/.exec(provider)?.[1];
    if (host !== undefined) found.set(host, [...(found.get(host) ?? []), `${type}.${name}`]);
  }
  return found;
}

/** Empty where there is none, or none that can be read: then it is Terraform's to say so. */
function readState(file: string): State {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8")) as State;
  } catch {
    return {};
  }
}
