import { type Cluster, type ClusterNode, formatEndpoint } from "../cluster";
import type { Report } from "./problem";
import { fieldOf } from "./node";

/**
 * One server's port can be registered, and published, only once.
 *
 * @param repeated hosts that are another one's server, which is reported: another port would not help
 */
export function checkEndpoints(cluster: Cluster, repeated: ReadonlySet<string>, report: Report): void {
  const known = new Set(cluster.hosts.map(({ id }) => id).filter((id) => !repeated.has(id)));
  const seen = new Map<string, ClusterNode>();
  for (const node of cluster.nodes) {
    // Where the endpoint is a container's name, only the published port can be missing.
    const port = node.published?.port ?? node.endpoint.port;
    if (!known.has(node.host) || !Number.isInteger(port)) continue;
    const claims = claimsOf(node);
    const taken = claims.find(({ key }) => seen.has(key));
    const owner = taken === undefined ? undefined : seen.get(taken.key);
    if (taken !== undefined && owner !== undefined) {
      report(`${fieldOf(node)}.port`, `${taken.what} of ${owner.id}: give one of them another port`);
    }
    for (const { key } of claims) seen.set(key, seen.get(key) ?? node);
  }
}

function claimsOf({ host, endpoint, published }: ClusterNode) {
  const address = formatEndpoint(endpoint);
  const claims = [{ key: `dial ${address.toLowerCase()}`, what: `${address} is already the endpoint` }];
  if (published !== undefined) {
    // All nodes of a host are published on one IP.
    const port = formatEndpoint({ host: published.ip, port: published.port });
    claims.push({ key: `publish ${host} ${port}`, what: `${port} is already the published port` });
  }
  return claims;
}
