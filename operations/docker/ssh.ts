import { type ClusterHost, sshOptionsOf } from "../../model/cluster";

/** `ssh deploy@server-a:2222` */
export function describeSsh(host: ClusterHost): string {
  return `ssh ${host.connection.replace(/^ssh:\/\//, "")}`;
}

/** Arguments of ssh up to the host. */
export function sshArguments(host: ClusterHost, options: readonly string[]): string[] {
  const url = new URL(host.connection);
  return [
    ...sshOptionsOf(host),
    ...(url.username === "" ? [] : ["-l", decodeURIComponent(url.username)]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "-T",
    ...options,
    "--",
    url.hostname.replace(/^\[|\]$/g, ""),
  ];
}
