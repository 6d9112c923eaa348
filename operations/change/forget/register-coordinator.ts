import { type Cluster, formatEndpoint } from "../../../model/cluster";
import { coordinatorOf } from "../../cluster/cluster-file";
import type { Progress } from "../../base/progress";
import { COORDINATOR_GROUP, readRegistered } from "../../cluster/nodes/registered";
import type { Session } from "../../cluster/connection/session";
import type { Heir } from "./assign-shards";
import type { IdentifiedNode } from "./losses";

/**
 * Registers the coordinator where nobody else is left to take lost shards. Citus tells every active node of it, and
 * disables none that has an only placement (13.0), so those that are gone are set inactive before; they are deleted at
 * the end.
 */
export async function registerCoordinator(
  session: Session,
  cluster: Cluster,
  gone: readonly IdentifiedNode[],
  progress: Progress,
): Promise<Heir[]> {
  const { id, endpoint } = coordinatorOf(cluster);
  await session.transaction(async () => {
    await session.query(
      "UPDATE pg_dist_node SET isactive = false, hasmetadata = false, metadatasynced = false WHERE groupid = ANY ($1::int[])",
      [gone.map(({ groupid }) => groupid)],
    );
    await session.query("SELECT citus_set_coordinator_host($1::text, $2::int)", [
      endpoint.host,
      endpoint.port,
    ]);
  });
  progress(`${id}: registered at ${formatEndpoint(endpoint)}, as no other node can take the lost shards`);
  return (await readRegistered(session))
    .filter(({ groupid }) => groupid === COORDINATOR_GROUP)
    .map(({ nodeid, groupid }) => ({ nodeid, groupid, shards: 0 }));
}
