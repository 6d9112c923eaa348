import { LONGEST_NAME } from "./longest-name";
import { type ClusterNode, formatEndpoint } from "../cluster";

/**
 * The `cluster_name` that a node's server is started with: who it is, as `citus server-d/worker1 10.0.0.4:5433`. PostgreSQL
 * shows it in `ps`, and cuts it after 63 bytes (NAMEDATALEN - 1).
 */
export function serverName(cluster: string, { id, endpoint }: Pick<ClusterNode, "id" | "endpoint">): string {
  return `${cluster} ${id} ${formatEndpoint(endpoint)}`;
}

/** Whose server it is, by its name. */
interface NamedServer {
  readonly cluster: string;
  readonly id: string;
  /** Only where PostgreSQL has cut the name within the id, which is its beginning then. */
  readonly cut?: true;
}

/** Whose server has such a name; undefined for one that somebody else started. */
export function readServerName(name = ""): NamedServer | undefined {
  const [cluster, id, ...rest] = name.split(" ");
  if (cluster === undefined || id?.includes("/") !== true) return undefined;
  const cut = rest.length === 0 && Buffer.byteLength(name) >= LONGEST_NAME;
  return { cluster, id, ...(cut ? { cut } : {}) };
}

/** Whether such a name is this node's, at whatever endpoint. */
export function isNamedAs(name: string, cluster: string, id: string): boolean {
  return `${name} `.startsWith(`${cluster} ${id} `);
}

/** Whether it says that the server is another node than this one. A server that somebody else started says nothing. */
export function isNamedAsAnother(name: string, cluster: string, id: string): boolean {
  const own = `${cluster} ${id} `;
  // PostgreSQL may have cut a long name.
  return /^\S+ \S+\/\S+ /.test(`${name} `) && !isNamedAs(name, cluster, id) && !own.startsWith(name);
}
