import type { ClusterHost } from "../../model/cluster";

/** After the host's own options, of which ssh takes the first: no prompt, and a dead link ends within a minute. */
const FALLBACK_OPTIONS = [
  ...["-o", "BatchMode=yes"],
  ...["-o", "ConnectTimeout=10"],
  ...["-o", "ServerAliveInterval=15"],
  ...["-o", "ServerAliveCountMax=3"],
];

/** `ssh deploy@server-a:2222` */
export function describeSsh(host: ClusterHost): string {
  return `ssh ${host.connection.replace(/^ssh:\/\//, "")}`;
}

/** Arguments of ssh up to the host: its own options first, as the first value of an option counts. */
export function sshArguments(host: ClusterHost, options: readonly string[]): string[] {
  const url = new URL(host.connection);
  return [
    ...host.sshOptions,
    ...FALLBACK_OPTIONS,
    ...(url.username === "" ? [] : ["-l", decodeURIComponent(url.username)]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "-T",
    ...options,
    "--",
    url.hostname.replace(/^\[|\]$/g, ""),
  ];
}
