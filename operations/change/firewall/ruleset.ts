import { BlockList, isIP, isIPv6 } from "node:net";
import { isAllInterfaces, isPort } from "../../../model/address";
import { POSTGRES_PORT } from "../../../model/cluster";
import { firewallNames } from "../../../model/contract/firewall";
import type { ServerFirewall } from "../../../model/firewall";

/**
 * The rules of a server as a file of `nft -f`, which puts all of them in force at once, or none, and in the place of those
 * before. A table of our own with a chain before Docker's address translation: packets have the destination that their sender
 * gave them there, whether they would be translated, be taken by docker-proxy or be routed to a container. What it drops is
 * gone; what it lets through is still for the server's other rules to judge.
 */
export function rulesetOf({ cluster, host, published, subnets, sources }: ServerFirewall): string {
  const { table } = firewallNames(cluster);
  const networks = withoutCovered(sources.map(checked));
  const [four, six] = [networks.filter((each) => !each.includes(":")), networks.filter(isSix)];
  return [
    `# pg-dist: who may reach the nodes of cluster ${cluster} on ${host}.`,
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...setOf("allowed4", "ipv4_addr", four),
    ...setOf("allowed6", "ipv6_addr", six),
    "  chain arriving {",
    // Before conntrack (-200) and Docker's translation (-100), and behind the reassembly of fragments (-400).
    "    type filter hook prerouting priority -300; policy accept;",
    '    iifname "lo" accept',
    ...published.map(({ ip, ports }) => `    ${destination(ip)} tcp dport ${listOfPorts(ports)} jump judge`),
    ...subnets.map((subnet) => `    ip daddr ${checked(subnet)} tcp dport ${POSTGRES_PORT} jump judge`),
    "  }",
    "  chain judge {",
    ...(four.length === 0 ? [] : ["    ip saddr @allowed4 accept"]),
    ...(six.length === 0 ? [] : ["    ip6 saddr @allowed6 accept"]),
    "    counter drop",
    "  }",
    "}",
    "",
  ].join("\n");
}

function setOf(name: string, type: string, elements: readonly string[]): string[] {
  if (elements.length === 0) return [];
  return [
    `  set ${name} {`,
    `    type ${type}`,
    "    flags interval",
    "    elements = {",
    ...[...elements].sort().map((element) => `      ${element},`),
    "    }",
    "  }",
  ];
}

/** Without those that lie in another one: nft takes no elements that overlap. */
function withoutCovered(networks: readonly string[]): string[] {
  return networks.filter(
    (network, index) =>
      !networks.some(
        (other, place) =>
          place !== index && covers(other, network) && (place < index || !covers(network, other)),
      ),
  );
}

function covers(wide: string, narrow: string): boolean {
  const [one, other] = [parsed(wide), parsed(narrow)];
  if (one.family !== other.family || one.length > other.length) return false;
  const list = new BlockList();
  list.addSubnet(one.address, one.length, one.family);
  return list.check(other.address, other.family);
}

function parsed(network: string): { address: string; length: number; family: "ipv4" | "ipv6" } {
  const [address = "", length] = network.split("/");
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  return { address, family, length: Number(length ?? (family === "ipv6" ? 128 : 32)) };
}

/** Of packets to one address of the server, or to any: never to another server's port of the same number that it forwards. */
function destination(ip: string): string {
  if (isAllInterfaces(ip)) return "fib daddr type local";
  return isIPv6(ip) ? `ip6 daddr ${checked(ip)}` : `ip daddr ${checked(ip)}`;
}

function listOfPorts(ports: readonly number[]): string {
  if (ports.length === 0 || !ports.every(isPort)) throw new Error(`not ports: ${ports.join(", ")}`);
  return `{ ${ports.join(", ")} }`;
}

/** Validation lets nothing else pass; what becomes a script that root runs is looked at once more. */
function checked(network: string): string {
  const [address = "", prefix = "0", ...rest] = network.split("/");
  if (isIP(address) !== 0 && /^\d{1,3}$/.test(prefix) && rest.length === 0 && !address.includes("%"))
    return network;
  throw new Error(`not an address or a network: ${JSON.stringify(network)}`);
}

function isSix(network: string): boolean {
  return network.includes(":");
}
