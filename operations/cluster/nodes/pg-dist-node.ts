import type { Endpoint } from "../../../model/cluster";
import type { Session } from "../connection/session";

/** A primary node as Citus has it registered on the coordinator. */
export interface RegisteredNode {
  readonly nodeid: number;
  readonly groupid: number;
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
    `SELECT nodeid, groupid, nodename AS host, nodeport AS port, isactive, metadatasynced, shouldhaveshards
       FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid`,
  );
  return rows.map(({ host, port, ...row }) => ({ ...row, endpoint: { host, port } }));
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.host === b.host && a.port === b.port;
}
