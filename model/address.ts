import { BlockList, isIP } from "node:net";

/** RFC 1918 and RFC 6598 (carrier-grade NAT, which overlay VPNs use): what networks of one's own are made of. */
const PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** Those, loopback, link-local and unique local addresses: what the Internet doesn't reach. */
const privateAddresses = blockList(
  ...PRIVATE_NETWORKS,
  "127.0.0.0/8",
  "169.254.0.0/16",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
);

const loopbackAddresses = blockList("127.0.0.0/8", "::1/128");

const allInterfaces = blockList("0.0.0.0/32", "::/128");

/** The names that /etc/hosts of the usual distributions gives to loopback, and those that RFC 6761 reserves for it. */
const LOOPBACK_NAME = /^(localhost[46]?(\.localdomain[46]?)?|(.+\.)?localhost|ip6-(localhost|loopback))$/i;

export function isPrivateAddress(ip: string): boolean {
  return contains(privateAddresses, ip);
}

/** Whether a host, a name or an IP, is whoever dials it. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_NAME.test(host) || contains(loopbackAddresses, host);
}

/** Whether an IP stands for every one of the server: 0.0.0.0 or ::, however it is written. */
export function isAllInterfaces(ip: string): boolean {
  return contains(allInterfaces, ip);
}

/** IPv4 addresses that IPv6 maps (::ffff:127.0.0.1) are found too. */
function contains(list: BlockList, ip: string): boolean {
  return isIP(ip) !== 0 && list.check(ip, isIP(ip) === 6 ? "ipv6" : "ipv4");
}

function blockList(...networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const each of networks) {
    const [network = "", prefix] = each.split("/");
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}

/** RFC 1123: labels of letters, digits and inner hyphens, 253 characters in all. */
export function isHostName(name: string): boolean {
  return (
    name.length <= 253 &&
    name.split(".").every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)) &&
    !/^[\d.]+$/.test(name)
  );
}

/** The two ends of an IPv4 network in CIDR notation, as numbers; undefined where it isn't one. */
export function ipv4Range(cidr: string): readonly [number, number] | undefined {
  const [network = "", prefix = "", ...rest] = cidr.split("/");
  if (isIP(network) !== 4 || !/^(\d|[12]\d|3[0-2])$/.test(prefix) || rest.length > 0) return undefined;
  const size = 2 ** (32 - Number(prefix));
  const number = ipv4Number(network);
  return number % size === 0 ? [number, number + size - 1] : undefined;
}

/** Whether a whole range belongs to one of the private networks. */
export function isPrivateRange([first, last]: readonly [number, number]): boolean {
  return PRIVATE_NETWORKS.some((network) => {
    const [start, end] = ipv4Range(network) ?? [];
    return start !== undefined && end !== undefined && start <= first && last <= end;
  });
}

export function ipv4Number(ip: string): number {
  return ip.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
}

export function overlap(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] <= b[1] && b[0] <= a[1];
}
