/** Terraform's state, version 4, as far as it tells what belongs to a Docker host. */
interface State {
  readonly resources?: readonly {
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    /** `provider["registry.terraform.io/kreuzwerker/docker"].server-d` */
    readonly provider: string;
    readonly instances: readonly { readonly index_key?: string | number }[];
  }[];
}

/**
 * Addresses of what a Docker host has in Terraform's state: everything of its provider, and the membership of its
 * workers. Only Docker on that host could destroy the first, and the second would be drained.
 */
export function addressesOfHost(state: unknown, host: string): string[] {
  const { resources = [] } = (state ?? {}) as State;
  return resources
    .filter(({ mode }) => mode === "managed")
    .flatMap(({ type, name, provider, instances }) =>
      instances.flatMap(({ index_key: key }) => {
        const address = `${type}.${name}${key === undefined ? "" : `[${JSON.stringify(key)}]`}`;
        if (provider.endsWith(`.${host}`) && type.startsWith("docker_")) return [address];
        const isMember =
          type === "null_resource" && name === "membership" && String(key).startsWith(`${host}/`);
        return isMember ? [address] : [];
      }),
    );
}
