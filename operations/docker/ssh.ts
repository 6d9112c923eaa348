import { type ClusterHost, DEFAULT_SSH_OPTIONS } from "../../model/cluster";

/** `ssh deploy@server-a:2222` */
export function describeSsh(host: ClusterHost): string {
  return `ssh ${host.connection.replace(/^ssh:\/\//, "")}`;
}

/** Arguments of ssh up to the host: its own options first, as the first value of an option counts, and our defaults after them. */
export function sshArguments(host: ClusterHost, options: readonly string[]): string[] {
  const url = new URL(host.connection);
  return [
    ...host.sshOptions,
    ...DEFAULT_SSH_OPTIONS,
    ...(url.username === "" ? [] : ["-l", decodeURIComponent(url.username)]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "-T",
    ...options,
    "--",
    url.hostname.replace(/^\[|\]$/g, ""),
  ];
}
