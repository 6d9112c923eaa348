import { isIPv4 } from "node:net";
import { isAllInterfaces, isLoopback } from "./address";
import { bindAddress, clusterName, describeCluster, subnetOf } from "./cluster";
import type { DockerHostOptions, Environment } from "./environment";

/** Who may reach the nodes of one server, by their published ports. */
export interface ServerFirewall {
  /** Id of the Docker host. */
  readonly host: string;
  readonly cluster: string;
  /** Where its nodes are published, an entry an IP; 0.0.0.0 and :: stand for all of the server's. */
  readonly published: readonly { readonly ip: string; readonly ports: readonly number[] }[];
  /** IPv4 subnets of the cluster's network on this server. */
  readonly subnets: readonly string[];
  /** Addresses and networks that are let in, of both families, each once: members, clients, and nodes of the same server. */
  readonly sources: readonly string[];
}

/**
 * The rules of every server of an environment.
 *
 * @param subnets of the cluster's network as the engines have it, by host id: it is made once, and the environment may have
 *   changed since. Those of the environment for a host that isn't there
 */
export function describeFirewall(
  environment: Environment,
  subnets: ReadonlyMap<string, readonly string[]> = new Map(),
): ServerFirewall[] {
  const { nodes } = describeCluster(environment);
  const cluster = clusterName(environment);
  const members = Object.keys(environment.hosts).flatMap((id) => memberAddresses(environment, id));
  return Object.entries(environment.hosts).map(([host, options]): ServerFirewall => {
    const own = subnets.get(host) ?? [subnetOf(cluster, options)];
    const published = nodes.flatMap((node) =>
      node.host === host && node.published !== undefined ? [node.published] : [],
    );
    const ips = [...new Set(published.map(({ ip }) => ip))];
    return {
      ...{ host, cluster, subnets: own },
      published: ips.map((ip) => ({
        ip,
        ports: published.flatMap((each) => (each.ip === ip ? [each.port] : [])).sort((a, b) => a - b),
      })),
      sources: [...new Set([...members, ...own, ...(environment.firewall?.allow ?? [])])],
    };
  });
}

/**
 * The IPv4 addresses from which a Docker host's connections arrive at the others: Docker translates those of its containers
 * to the server's.
 */
export function memberAddresses({ firewall, hosts }: Environment, host: string): string[] {
  const options = hosts[host];
  const known = options === undefined ? [] : [options.address, bindAddress(options)];
  return [...new Set([...known.filter(isOfServer), ...(firewall?.members?.[host] ?? [])])];
}

/** Docker hosts of which no such address is known, though others must let them in. */
export function unknownMembers(environment: Environment): string[] {
  const ids = Object.keys(environment.hosts);
  return ids.length === 1 ? [] : ids.filter((id) => memberAddresses(environment, id).length === 0);
}

function isOfServer(address: DockerHostOptions["address"]): address is string {
  return address !== undefined && isIPv4(address) && !isAllInterfaces(address) && !isLoopback(address);
}
