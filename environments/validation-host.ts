import { isIP } from "node:net";
import { ipv4Number, ipv4Range, isHostName, isLoopback, isPrivateAddress, overlap } from "./address";
import { bindAddress, subnetOf } from "./cluster";
import type { DockerHostOptions } from "./environment";
import type { Report } from "./problem";

interface HostContext {
  /** Whether it is the only Docker host: then it needs no address. */
  readonly single: boolean;
  readonly cluster: string;
}

export function checkHost(id: string, host: DockerHostOptions, context: HostContext, report: Report): void {
  const at = (field: string) => `hosts.${id}.${field}`;
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(id)) {
    report(
      `hosts.${id}`,
      `"${id}" must start with a letter and hold only a-z, 0-9 and "-" (40 at most): it is part of Terraform addresses.`,
    );
  }
  checkConnection(host, at, report);
  checkAddress(host, context, at, report);
  checkBind(host, at, report);
  checkSubnet(host, context, at, report);
  for (const [name, ip] of Object.entries(host.extraHosts ?? {})) {
    if (!isHostName(name)) report(at(`extraHosts.${name}`), `"${name}" is not a host name.`);
    // The provider splits these on ":" when it reads them back.
    if (isIP(ip) !== 4) report(at(`extraHosts.${name}`), `"${ip}" must be an IPv4 address.`);
  }
  for (const ip of host.dns ?? []) {
    if (isIP(ip) === 0) report(at("dns"), `"${ip}" must be the IP of a name server.`);
  }
  if (host.dataPath !== undefined && !/^\/[^:\n]*[^:\n/]$/.test(host.dataPath)) {
    report(
      at("dataPath"),
      `"${host.dataPath}" must be an absolute path of the server without a trailing "/" and ":".`,
    );
  }
}

function checkConnection(host: DockerHostOptions, at: (field: string) => string, report: Report): void {
  const { connection, tls } = host;
  const forms = "ssh://user@host[:port], tcp://host:2376 or unix:///var/run/docker.sock";
  if (!URL.canParse(connection) || !["ssh:", "tcp:", "unix:"].includes(new URL(connection).protocol)) {
    // A password may stand in what can't be parsed: only the scheme is shown.
    report(at("connection"), `${describeScheme(connection)} is not a Docker connection: write ${forms}.`);
    return;
  }
  const url = new URL(connection);
  if (url.password !== "") {
    report(at("connection"), `holds a password: ssh takes keys (~/.ssh/config, sshOptions); write ${forms}.`);
  }
  if (url.protocol === "unix:" ? url.pathname === "" : url.hostname === "") {
    report(
      at("connection"),
      `"${connection}" names no ${url.protocol === "unix:" ? "socket" : "host"}: write ${forms}.`,
    );
  }
  if (url.protocol === "tcp:" && tls === undefined && !isLoopback(url.hostname)) {
    report(
      at("tls"),
      `is missing: an engine on plain tcp:// gives root to whoever reaches the port. Say tls: "docker" and set TF_VAR_docker_ca, TF_VAR_docker_cert and TF_VAR_docker_key.`,
    );
  }
  if (tls !== undefined && url.protocol !== "tcp:") {
    report(at("tls"), `is for tcp:// connections, not ${url.protocol}//: leave it out.`);
  }
  if (tls !== undefined && !/^[a-z][a-z0-9_]*$/.test(tls)) {
    report(at("tls"), `"${tls}" must be the prefix of Terraform variables: a-z, 0-9 and "_".`);
  }
  if (host.sshOptions !== undefined && url.protocol !== "ssh:") {
    report(at("sshOptions"), `is for ssh:// connections, not ${url.protocol}//: leave it out.`);
  }
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
        `is missing: with several Docker hosts, give the private address that other nodes dial.`,
      );
    return;
  }
  if (isIP(address) === 0 && !isHostName(address)) {
    report(at("address"), `"${address}" is neither an IP nor a host name.`);
  }
  if (address === "0.0.0.0" || address === "::")
    report(at("address"), `"${address}" can't be dialled: give this server's own address.`);
}

function checkBind(host: DockerHostOptions, at: (field: string) => string, report: Report): void {
  const ip = bindAddress(host);
  if (ip === undefined) {
    if (host.address !== undefined) {
      report(
        at("bindAddress"),
        `is missing: "${host.address}" is a name, so say on which IP of the server its ports are published.`,
      );
    }
    return;
  }
  if (isIP(ip) === 0) {
    report(at("bindAddress"), `"${ip}" must be an IP of this server.`);
    return;
  }
  if (host.allowPublicBind === true) return;
  const remedy = "Use its private address, or say allowPublicBind: true and have a firewall in front.";
  if (ip === "0.0.0.0" || ip === "::") {
    report(at("bindAddress"), `"${ip}" publishes on all interfaces, past ufw. ${remedy}`);
  } else if (!isPrivateAddress(ip)) {
    report(at("bindAddress"), `"${ip}" is a public address, and published ports bypass ufw. ${remedy}`);
  } else if (isLoopback(ip) && host.address !== undefined) {
    report(
      at("bindAddress"),
      `"${ip}" can't be reached at ${host.address}: bind the server's private address.`,
    );
  }
}

function checkSubnet(
  host: DockerHostOptions,
  { cluster }: HostContext,
  at: (field: string) => string,
  report: Report,
): void {
  const range = ipv4Range(subnetOf(cluster, host));
  if (
    range === undefined ||
    range[1] - range[0] < 7 ||
    !isPrivateAddress(subnetOf(cluster, host).split("/")[0] ?? "")
  ) {
    report(
      at("subnet"),
      `"${subnetOf(cluster, host)}" must be a private IPv4 network of /29 or larger, e.g. 10.213.7.0/24.`,
    );
    return;
  }
  for (const address of [host.address, host.bindAddress]) {
    if (address === undefined || isIP(address) !== 4) continue;
    const number = ipv4Number(address);
    if (overlap(range, [number, number])) {
      report(
        at("subnet"),
        `${subnetOf(cluster, host)} holds the server's own address ${address}: choose another network.`,
      );
    }
  }
}

function describeScheme(connection: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*:\/\/)/i.exec(connection)?.[1];
  return scheme === undefined ? "this text" : `"${scheme}..."`;
}
