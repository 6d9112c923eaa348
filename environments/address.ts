import { BlockList, isIP } from "node:net";

/** Loopback, RFC 1918, RFC 6598 (carrier-grade NAT, which overlay VPNs use), link-local and unique local addresses. */
const PRIVATE_RANGES = [
  ["127.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
] as const;

const privateAddresses = new BlockList();
for (const [network, prefix, family] of PRIVATE_RANGES) privateAddresses.addSubnet(network, prefix, family);

export function isPrivateAddress(ip: string): boolean {
  return privateAddresses.check(ip, isIP(ip) === 6 ? "ipv6" : "ipv4");
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127\./.test(host);
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
  const [network = "", prefix = ""] = cidr.split("/");
  const bits = Number(prefix);
  if (isIP(network) !== 4 || !/^\d{1,2}$/.test(prefix) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const number = ipv4Number(network);
  return number % size === 0 ? [number, number + size - 1] : undefined;
}

export function ipv4Number(ip: string): number {
  return ip.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
}

export function overlap(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] <= b[1] && b[0] <= a[1];
}
