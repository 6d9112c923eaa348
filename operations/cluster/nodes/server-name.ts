/**
 * Whether a server's `cluster_name`, which we start a node with (`citus server-d/worker1 10.0.0.4:5433`), says that it is
 * another node than this one. A server that somebody else started says nothing.
 */
export function isNamedAsAnother(clusterName: string, cluster: string, id: string): boolean {
  const own = `${cluster} ${id} `;
  const name = `${clusterName} `;
  // PostgreSQL may have cut a long name.
  return /^\S+ \S+\/\S+ /.test(name) && !name.startsWith(own) && !own.startsWith(clusterName);
}
