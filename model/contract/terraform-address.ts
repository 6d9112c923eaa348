/** Terraform name of a node's resources: `server-d_worker1`. Ids have no underscore, so it is unambiguous. */
export function nodeAddress(nodeId: string): string {
  return nodeId.replace("/", "_");
}

const ARCHIVE_SUFFIX = "_archive";

/** Terraform name of a node's volume for archived WAL. */
export function archiveAddress(nodeId: string): string {
  return `${nodeAddress(nodeId)}${ARCHIVE_SUFFIX}`;
}

/** The node whose volume for archived WAL has such a name; undefined for a volume of data. */
export function nodeOfArchive(address: string): string | undefined {
  return address.endsWith(ARCHIVE_SUFFIX) ? nodeAt(address.slice(0, -ARCHIVE_SUFFIX.length)) : undefined;
}

/** Names of the null resources that are the cluster's steps. */
export const STEP = { registration: "registration", membership: "membership", guard: "guard" } as const;

/** A worker's step, which drains it before it is destroyed: an instance per node id. */
export function membershipAddress(nodeId: string): string {
  return `null_resource.${STEP.membership}["${nodeId}"]`;
}

/** The node that has such a name: `server-d/worker1`. */
export function nodeAt(address: string): string {
  return address.replace("_", "/");
}
