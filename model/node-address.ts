/** Terraform name of a node's resources: `server-d_worker1`. Ids have no underscore, so it is unambiguous. */
export function nodeAddress(nodeId: string): string {
  return nodeId.replace("/", "_");
}

/** The node that has such a name: `server-d/worker1`. */
export function nodeAt(address: string): string {
  return address.replace("_", "/");
}
