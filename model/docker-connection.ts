import { isIPv6 } from "node:net";
import { posix } from "node:path";
import { isPort } from "./address";

/** Where a Docker engine listens, or the server whose ssh daemon leads to it. */
export type DockerConnection =
  | { readonly scheme: "ssh" | "tcp"; readonly host: string; readonly port: number }
  | { readonly scheme: "unix"; readonly socket: string };

/** The one form of each scheme that Terraform's provider and this program read alike. */
export const CONNECTION_FORMS = {
  ssh: "ssh://user@host[:port]",
  tcp: "tcp://host:2376",
  unix: "unix:///var/run/docker.sock",
} as const;

// A user may need escapes (a domain's "\" or "@"); of ASCII only, since others need not be UTF-8.
const USER = /(?:[a-z0-9_]|%[2-7][0-9a-f])(?:[a-z0-9_.+-]|%[2-7][0-9a-f])*/;
const HOST = /[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]/;
const SSH = new RegExp(`^ssh://(?:(?:${USER.source})@)?(${HOST.source})(?::([0-9]+))?/?$`, "i");
const TCP = new RegExp(`^tcp://(${HOST.source}):([0-9]+)/?$`, "i");
const UNIX = /^unix:\/\/(\/[^\s?#%]*[^\s?#%/])$/i;

/** A connection's parts; undefined for one that is written in no form that is known. */
export function parseConnection(connection: string): DockerConnection | undefined {
  // Schemes in lower case: the provider compares them as they are.
  if (!/^(ssh|tcp|unix):/.test(connection)) return undefined;
  const socket = UNIX.exec(connection)?.[1];
  if (socket !== undefined) return { scheme: "unix", socket };
  const scheme = connection.startsWith("ssh") ? "ssh" : "tcp";
  const [, host = "", port = "22"] = (scheme === "ssh" ? SSH : TCP).exec(connection) ?? [];
  if (host === "" || !isPort(Number(port)) || (host.startsWith("[") && !isIPv6(host.slice(1, -1)))) {
    return undefined;
  }
  return { scheme, host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

/**
 * The same for every way to write one engine: two connections with one key lead to the same containers and volumes. Who
 * logs in makes no difference, as all talk to the server's engine.
 */
export function engineKey(connection: string): string {
  const parsed = parseConnection(connection);
  if (parsed === undefined) return connection;
  if (parsed.scheme === "unix") {
    // /var/run is a link to /run wherever systemd runs.
    return `unix ${posix.normalize(parsed.socket).replace(/^\/var\/run\//, "/run/")}`;
  }
  const { scheme, host, port } = parsed;
  return `${scheme} ${isIPv6(host) ? new URL(`http://[${host}]`).hostname : host.toLowerCase()} ${port}`;
}
