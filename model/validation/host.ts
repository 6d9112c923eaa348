import { isIP } from "node:net";
import {
  ipv4Range,
  isAllInterfaces,
  isHostName,
  isLoopback,
  isPrivateAddress,
  isPrivateRange,
} from "../address";
import { bindAddress, subnetOf } from "../cluster";
import { CONNECTION_FORMS, parseConnection } from "../docker-connection";
import type { DockerHostOptions } from "../environment";
import { checkHostKeys } from "./host-keys";
import type { Report } from "./problem";

interface HostContext {
  /** Whether it is the only Docker host: then it needs no address. */
  readonly single: boolean;
  readonly cluster: string;
}

/** What is wrong with a Docker host by itself. */
export function checkHost(id: string, host: DockerHostOptions, context: HostContext, report: Report): void {
  const at = (field: string) => `hosts.${id}.${field}`;
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(id)) {
    report(
      `hosts.${id}`,
      `"${id}" must start with a letter and hold only a-z, 0-9 and "-" (40 at most): it is part of Terraform addresses`,
    );
  }
  checkConnection(host, at, report);
  checkAddress(host, context, at, report);
  checkBind(host, at, report);
  checkSubnet(subnetOf(context.cluster, host), at, report);
  for (const [name, ip] of Object.entries(host.extraHosts ?? {})) {
    if (!isHostName(name)) report(at(`extraHosts.${name}`), `"${name}" is not a host name`);
    // The provider splits these on ":" when it reads them back.
    if (isIP(ip) !== 4) report(at(`extraHosts.${name}`), `"${ip}" must be an IPv4 address`);
  }
  for (const ip of host.dns ?? []) {
    if (isIP(ip) === 0) report(at("dns"), `"${ip}" must be the IP of a name server`);
  }
  if (host.dataPath !== undefined && !/^\/[^:\n]*[^:\n/]$/.test(host.dataPath)) {
    report(
      at("dataPath"),
      `"${host.dataPath}" must be an absolute path on the server, without ":" and without a trailing "/"`,
    );
  }
}

function checkConnection(host: DockerHostOptions, at: (field: string) => string, report: Report): void {
  const { connection, tls, sshOptions } = host;
  const parsed = parseConnection(connection);
  if (parsed === undefined) return report(at("connection"), describeConnection(connection));
  const { scheme } = parsed;
  if (scheme === "tcp" && tls === undefined && !isLoopback(parsed.host)) {
    report(
      at("tls"),
      `is missing: an engine on plain tcp:// gives root to anyone who reaches the port; set tls: "docker", and TF_VAR_docker_ca, TF_VAR_docker_cert and TF_VAR_docker_key`,
    );
  }
  if (tls !== undefined && scheme !== "tcp") {
    report(at("tls"), `is for tcp:// connections, not ${scheme}://: leave it out`);
  }
  if (tls !== undefined && !/^[a-z][a-z0-9_]*$/.test(tls)) {
    report(at("tls"), `"${tls}" must be the prefix of Terraform variables: a-z, 0-9 and "_"`);
  }
  if (sshOptions !== undefined && scheme !== "ssh") {
    report(at("sshOptions"), `is for ssh:// connections, not ${scheme}://: leave it out`);
  } else if (sshOptions !== undefined && host.allowUncheckedHostKeys !== true) {
    checkHostKeys(sshOptions, at("sshOptions"), report);
  }
}

/** What is wrong with a connection in none of the forms. A password may stand in it, and is never shown. */
function describeConnection(connection: string): string {
  const { ssh, tcp, unix } = CONNECTION_FORMS;
  const forms = `${ssh}, ${tcp} or ${unix}`;
  const scheme = /^([a-z][a-z0-9+.-]*):\/*/i.exec(connection)?.[1];
  if (scheme !== undefined && URL.canParse(connection) && new URL(connection).password !== "") {
    return `contains a password: ssh takes keys (~/.ssh/config, sshOptions); write ${forms}`;
  }
  const form = Object.entries(CONNECTION_FORMS).find(([known]) => known === scheme?.toLowerCase())?.[1];
  if (form === undefined) {
    return `${scheme === undefined ? "this text" : `"${scheme}://..."`} is not a Docker connection: write ${forms}`;
  }
  const mayHoldPassword = /:(?!\d*(\/|$))/.test(connection.replace(/^[^:]*:\/*/, ""));
  const shown = mayHoldPassword ? `"${scheme ?? ""}://..."` : JSON.stringify(connection);
  return `${shown} must have the form ${form}`;
}

function checkAddress(
  { address }: DockerHostOptions,
  { single }: HostContext,
  at: (field: string) => string,
  report: Report,
): void {
  if (address === undefined) {
    if (!single)
      report(
        at("address"),
        `is missing: with several Docker hosts, give the private address at which other nodes reach it`,
      );
    return;
  }
  if (isAllInterfaces(address)) {
    report(at("address"), `"${address}" can't be reached: give this server's own address`);
  } else if (isIP(address) === 6) {
    report(
      at("address"),
      `"${address}" can't be reached from the cluster's networks, which are IPv4: give an IPv4 address or a name`,
    );
  } else if (isIP(address) === 0 && !isHostName(address)) {
    report(at("address"), `"${address}" is neither an IPv4 address nor a host name`);
  }
}

function checkBind(host: DockerHostOptions, at: (field: string) => string, report: Report): void {
  const { address } = host;
  const ip = bindAddress(host);
  if (ip === undefined) {
    if (address !== undefined) {
      report(
        at("bindAddress"),
        `is missing: "${address}" is a name, so give the IP of the server on which its ports are published`,
      );
    }
    return;
  }
  // The address alone, which is reported where it can't be one.
  if (host.bindAddress === undefined && isIP(ip) === 6) return;
  if (isIP(ip) === 0 || ip.includes("%")) {
    report(at("bindAddress"), `"${ip}" must be an IP of this server`);
    return;
  }
  if (isIP(ip) === 6 && address !== undefined) {
    report(
      at("bindAddress"),
      `"${ip}" can't be reached by the other nodes, whose networks are IPv4: bind the server's private IPv4 address`,
    );
    return;
  }
  if (isLoopback(ip) && address !== undefined && !isLoopback(address)) {
    report(at("bindAddress"), `"${ip}" can't be reached at ${address}: bind the server's private address`);
    return;
  }
  if (host.allowPublicBind === true) return;
  const remedy = "use its private address, or set allowPublicBind: true and put a firewall in front";
  if (isAllInterfaces(ip)) {
    report(at("bindAddress"), `"${ip}" publishes on all interfaces, bypassing ufw: ${remedy}`);
  } else if (!isPrivateAddress(ip)) {
    report(at("bindAddress"), `"${ip}" is a public address, and published ports bypass ufw: ${remedy}`);
  }
}

function checkSubnet(subnet: string, at: (field: string) => string, report: Report): void {
  const range = ipv4Range(subnet);
  if (range === undefined || range[1] - range[0] < 7 || !isPrivateRange(range)) {
    report(at("subnet"), `"${subnet}" must be a private IPv4 network of /29 or larger, e.g. 10.213.7.0/24`);
  }
}
