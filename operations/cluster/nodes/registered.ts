import type { Endpoint } from "../../../model/cluster";
import type { Session } from "../connection/session";

/** A node as Citus has it registered on the coordinator. */
export interface RegisteredNode {
  readonly nodeid: number;
  /** A secondary has its primary's. */
  readonly groupid: number;
  readonly noderole: "primary" | "secondary" | "unavailable";
  readonly endpoint: Endpoint;
  readonly isactive: boolean;
  readonly metadatasynced: boolean;
  readonly shouldhaveshards: boolean;
}

/** The coordinator's group in pg_dist_node. */
export const COORDINATOR_GROUP = 0;

/** The primaries of pg_dist_node. Standbys are registered as secondaries of a group and are no members of their own. */
export async function readRegistered(session: Session): Promise<RegisteredNode[]> {
  const rows = await session.query<RegisteredNode & { host: string; port: number }>(
    `SELECT nodeid, groupid, noderole::text, nodename AS host, nodeport AS port, isactive, metadatasynced, shouldhaveshards
       FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid`,
  );
  return rows.map(({ host, port, ...row }) => ({ ...row, endpoint: { host, port } }));
}

/** The node that a session on the cluster is on; a standby of it has its group too. */
export function isCoordinator({ groupid, noderole }: Pick<RegisteredNode, "groupid" | "noderole">): boolean {
  return groupid === COORDINATOR_GROUP && noderole === "primary";
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.host === b.host && a.port === b.port;
}
