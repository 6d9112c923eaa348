import { type ClusterHost, isDefaultSsh } from "../../model/cluster";
import { shellWord } from "../base/shown-words";

/** A docker command line on a Docker host, for a person. */
export function describeDocker(host: ClusterHost, args: readonly string[]): string {
  if (!host.connection.startsWith("ssh://")) return ["docker", "-H", host.connection, ...args].join(" ");
  return [describeLogin(host), "docker", ...args].join(" ");
}

/** The ssh command line to a Docker host, for a person: with the options of the environment, without our own defaults. */
export function describeLogin({
  connection,
  sshOptions,
}: Pick<ClusterHost, "connection" | "sshOptions">): string {
  const { username, hostname, port } = new URL(connection);
  const login = username === "" ? hostname : `${decodeURIComponent(username)}@${hostname}`;
  return [
    "ssh",
    ...(isDefaultSsh(sshOptions) ? [] : sshOptions).map(shellWord),
    ...(port === "" ? [] : ["-p", port]),
    shellWord(login.replace(/[[\]]/g, "")),
  ].join(" ");
}
