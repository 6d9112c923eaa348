import type { Cluster, ClusterNode, Endpoint } from "../../../../model/cluster";
import type { Caller } from "../../../base/caller/caller";
import { coordinatorOf, hostOf } from "../../cluster-file";
import { EXIT, Failure } from "../../../base/failure";
import { directTransport } from "./direct";
import { execTransport } from "./exec";
import { sshTransport } from "./ssh";
import type { Transport } from "./transport";

/**
 * The transports to a node in the order in which they are tried: its published port, the same through its server's
 * ssh, then a process in its container. The caller may leave one (`--via`, PGDIST_VIA).
 *
 * @param node the coordinator unless it is given
 */
export function chooseTransports(
  cluster: Cluster,
  caller: Caller,
  node: ClusterNode = coordinatorOf(cluster),
): Transport[] {
  const host = hostOf(cluster, node);
  const published = node.published;
  const remote = !host.connection.startsWith("unix://");
  const transports: Transport[] = [];
  if (published !== undefined) {
    const endpoint = directEndpoint(published, node.endpoint, remote);
    if (endpoint !== undefined) transports.push(directTransport(endpoint));
    if (host.connection.startsWith("ssh://"))
      transports.push(sshTransport(host, onServer(published), caller));
  }
  transports.push(execTransport(host, node, caller));

  const { via } = caller;
  if (via === undefined) return transports;
  const forced = transports.filter(({ name }) => name === via.name);
  if (forced.length > 0) return forced;
  const known = transports.map(({ name }) => name).join(", ");
  throw via.by === "--via"
    ? new Failure(`--via ${via.name} can't be used for ${node.id}`, `leave it out, or use one of: ${known}`, {
        exitCode: EXIT.usage,
      })
    : new Failure(
        `PGDIST_VIA=${via.name} can't be used for ${node.id}`,
        `unset it, or use one of: ${known}`,
        {
          exitCode: EXIT.usage,
        },
      );
}

/** Undefined for a port on another server's loopback: here that address is this machine, perhaps with a database of its own. */
function directEndpoint(published: Published, registered: Endpoint, remote: boolean): Endpoint | undefined {
  if (isWildcard(published.ip)) return remote ? { ...registered, port: published.port } : onServer(published);
  if (remote && isLoopback(published.ip)) return undefined;
  return { host: published.ip, port: published.port };
}

/** As seen on the server itself. */
function onServer(published: Published): Endpoint {
  if (!isWildcard(published.ip)) return { host: published.ip, port: published.port };
  return { host: published.ip === "::" ? "::1" : "127.0.0.1", port: published.port };
}

interface Published {
  readonly ip: string;
  readonly port: number;
}

function isWildcard(ip: string): boolean {
  return ip === "0.0.0.0" || ip === "::";
}

function isLoopback(ip: string): boolean {
  return ip === "::1" || ip.startsWith("127.");
}
