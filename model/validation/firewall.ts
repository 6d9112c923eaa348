import { isIP } from "node:net";
import { ipv4Number, ipv4Range } from "../address";
import type { Environment } from "../environment";
import type { Report } from "./problem";

/** Who is let in: what stands here becomes rules of a server's firewall as it is. */
export function checkFirewall({ firewall = {}, hosts }: Environment, report: Report): void {
  const { allow = [], members = {} } = firewall;
  for (const [index, network] of allow.entries()) {
    const field = `firewall.allow.${index}`;
    const why = wrongWith(network);
    if (why !== undefined) report(field, `"${network}" ${why}`);
    else if (allow.indexOf(network) !== index) report(field, `"${network}" is listed twice`);
  }
  const known = Object.keys(hosts);
  for (const [host, addresses] of Object.entries(members)) {
    const field = `firewall.members.${host}`;
    if (!known.includes(host)) report(field, `"${host}" is not in hosts; known hosts: ${known.join(", ")}`);
    for (const [index, address] of addresses.entries()) {
      if (isIP(address) !== 4 || address === "0.0.0.0")
        report(`${field}.${index}`, `"${address}" must be an IPv4 address of that server`);
    }
  }
}

/** Why a network can't be let in; undefined where it can. */
function wrongWith(network: string): string | undefined {
  const [address = "", prefix, ...rest] = network.split("/");
  const family = isIP(address);
  const longest = family === 6 ? 128 : 32;
  const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
  if (family === 0 || address.includes("%") || rest.length > 0 || !(length <= longest))
    return "must be a network in CIDR notation or an address, e.g. 10.0.8.0/24";
  if (length === 0) return "lets everybody in: name the networks that are meant";
  if (/^::ffff:/i.test(address)) return "never arrives like that: write it as IPv4";
  if (family === 4 && prefix !== undefined && ipv4Range(network) === undefined)
    return `has bits behind its prefix: write ${networkOf(address, length)}/${length}, or the address alone`;
  return undefined;
}

function networkOf(address: string, length: number): string {
  const size = 2 ** (32 - length);
  const first = Math.floor(ipv4Number(address) / size) * size;
  return [24, 16, 8, 0].map((bits) => Math.floor(first / 2 ** bits) % 256).join(".");
}
