import { isIP } from "node:net";
import { ipv4Number, ipv4Range, isAllInterfaces, isLoopback, isPrivateRange, overlap } from "../address";
import { type Cluster, bindAddress, clusterName, subnetOf } from "../cluster";
import { engineKey } from "../docker-connection";
import type { DockerHostOptions, Environment } from "../environment";
import type { Report } from "./problem";

/**
 * What is wrong between the Docker hosts of an environment: one server under two ids, an address that is another server
 * for each node that dials it, a network in which another server would disappear.
 *
 * @returns the ids of hosts that are another one's server, whose ports then say nothing
 */
export function checkServers(environment: Environment, cluster: Cluster, report: Report): Set<string> {
  const repeated = checkRepeated(environment, report);
  const servers = serversOf(environment.hosts);
  for (const [id, host] of Object.entries(environment.hosts)) {
    checkLoopback(id, host, cluster, report);
    const subnet = subnetOf(clusterName(environment), host);
    checkSubnet(id, subnet, servers, namesOf(id, host), report);
  }
  return repeated;
}

function checkRepeated({ hosts }: Environment, report: Report): Set<string> {
  const seen = new Map<string, (Mark & { readonly id: string })[]>();
  const repeated = new Set<string>();
  for (const [id, host] of Object.entries(hosts)) {
    const marks = identityOf(host);
    for (const mark of marks) {
      const earlier = seen.get(mark.key)?.find((each) => !(each.translated && mark.translated));
      if (earlier === undefined) continue;
      report(
        `hosts.${id}.${mark.field}`,
        `"${mark.value}" is already the ${mark.what} of ${earlier.id}: use one entry per server`,
      );
      repeated.add(id);
      break;
    }
    for (const mark of marks) seen.set(mark.key, [...(seen.get(mark.key) ?? []), { ...mark, id }]);
  }
  return repeated;
}

/** By what two entries are told to be one server: one key, unless both are behind NAT. */
interface Mark {
  readonly field: string;
  readonly value: string;
  readonly what: string;
  readonly key: string;
  /** Whether the others may dial NAT and not the IP itself, which another site's server can have as well. */
  readonly translated: boolean;
}

function identityOf(host: DockerHostOptions): Mark[] {
  const { connection, address } = host;
  const bind = bindAddress(host);
  const own = { translated: false };
  const marks: Mark[] = [
    { field: "connection", value: connection, what: "Docker host", key: engineKey(connection), ...own },
  ];
  if (address !== undefined && !isLoopback(address)) {
    const key = `dial ${address.toLowerCase()}`;
    marks.push({ field: "address", value: address, what: "address", key, ...own });
  }
  if (bind !== undefined && !isAllInterfaces(bind) && !isLoopback(bind)) {
    // A name, or an IP that is not the bound one: only NAT leads from another IP to a port that is published on this
    // one. Where one of two servers is dialled at the IP itself, they are one: the other would dial itself there.
    const translated = address !== undefined && address !== bind;
    marks.push({ field: "bindAddress", value: bind, what: "bind address", key: `bind ${bind}`, translated });
  }
  return marks;
}

/** Loopback is whoever dials it: the node itself. */
function checkLoopback(id: string, { address }: DockerHostOptions, cluster: Cluster, report: Report): void {
  // An IPv6 one can't be reached by anybody.
  if (address === undefined || isIP(address) === 6 || !isLoopback(address)) return;
  const own = `"${address}" is the container itself for every node`;
  const elsewhere = cluster.nodes.find(({ host }) => host !== id);
  report(
    `hosts.${id}.address`,
    cluster.hosts.length === 1
      ? `${own}: leave the address out; nodes on one server use container names`
      : elsewhere === undefined
        ? `${own}: give the server's private address`
        : `"${address}" can't be reached by ${elsewhere.id} on ${elsewhere.host}: give the server's private address`,
  );
}

/** An IPv4 address that containers dial: of a Docker host, or what a host's own containers are told of. */
interface Dialled {
  readonly host: string;
  readonly what: string;
  readonly ip: string;
  readonly number: number;
}

/** What lies in a network's range is looked for there, and not outside of the server. */
function checkSubnet(
  id: string,
  subnet: string,
  servers: readonly Dialled[],
  names: readonly Dialled[],
  report: Report,
): void {
  const range = ipv4Range(subnet);
  if (range === undefined || !isPrivateRange(range)) return;
  // Docker gives the first address to the bridge, at which containers do reach their own server.
  const gateway = range[0] + 1;
  const dialled = [...servers, ...names.filter(({ number }) => number !== gateway)];
  const held = dialled.find(({ number }) => overlap(range, [number, number]));
  if (held === undefined) return;
  const what = held.host === id ? held.what : `${held.host}'s address`;
  report(`hosts.${id}.subnet`, `${subnet} holds ${what} ${held.ip}: choose another network`);
}

function serversOf(hosts: Environment["hosts"]): Dialled[] {
  return Object.entries(hosts).flatMap(([host, { address, bindAddress: bind }]) =>
    ipv4Of([address, bind]).map((ip) => ({ host, what: "the server's own address", ...ip })),
  );
}

/** What only a host's own containers dial. */
function namesOf(host: string, { extraHosts = {}, dns = [] }: DockerHostOptions): Dialled[] {
  return [
    ...Object.entries(extraHosts).flatMap(([name, each]) =>
      ipv4Of([each]).map((ip) => ({ host, what: `${name}'s address in extraHosts,`, ...ip })),
    ),
    ...ipv4Of(dns).map((ip) => ({ host, what: "the name server", ...ip })),
  ];
}

/** With their numbers, which each network is compared with. */
function ipv4Of(ips: readonly (string | undefined)[]): Pick<Dialled, "ip" | "number">[] {
  return ips.flatMap((ip) => (ip !== undefined && isIP(ip) === 4 ? [{ ip, number: ipv4Number(ip) }] : []));
}
