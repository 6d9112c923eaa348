import type { Cluster } from "../../../model/cluster";
import { isNamedAsAnother, readServerName } from "../../../model/contract/server-name";
import { OTHER_TRANSPORT, type Remedy, advise } from "../../base/remedy";
import { coordinatorOf } from "../cluster-file";
import type { Doubt, ServerFacts } from "../connection/target";
import { METADATA_LOST_REMEDY } from "./metadata-lost";
import type { RecordedNode } from "./recorded";
import { COORDINATOR_GROUP } from "./registered";

/**
 * What speaks against it that a server is the coordinator, by what it says of itself and what was recorded; `what` goes on
 * from "the server".
 *
 * @param cluster undefined for one that is given by address: then any coordinator is meant
 */
export function findDoubts(
  server: ServerFacts,
  cluster: Cluster | undefined,
  record: ReadonlyMap<string, RecordedNode>,
): Doubt[] {
  const id = cluster === undefined ? undefined : coordinatorOf(cluster).id;
  const recorded = [...record.values()].find(({ groupid }) => groupid === COORDINATOR_GROUP);
  const elsewhere = advise`check what this address leads to from here, or ${OTHER_TRANSPORT}`;
  const doubts: Doubt[] = [];
  if (server.groupid !== COORDINATOR_GROUP) {
    const what = `is a worker (group ${server.groupid}), not the coordinator${id === undefined ? "" : ` ${id}`}`;
    doubts.push({ code: "worker", what, remedy: elsewhere });
  }
  if (server.in_recovery)
    doubts.push({ code: "standby", what: "is a standby, not the coordinator", remedy: elsewhere });
  if (cluster !== undefined && id !== undefined && isNamedAsAnother(server.cluster_name, cluster.name, id)) {
    doubts.push({ code: "other-name", ...otherName(server.cluster_name, cluster.name, id, elsewhere) });
  }
  if (recorded !== undefined && id !== undefined && recorded.id !== id) {
    const what = `is the coordinator ${recorded.id}, not ${id}`;
    doubts.push({ code: "other-id", what, remedy: elsewhere });
  }
  if (recorded !== undefined && recorded.server_id !== server.server_id) {
    const what = `is not the coordinator that was registered (server id ${server.server_id}, was ${recorded.server_id})`;
    doubts.push({ code: "other-server", what, remedy: METADATA_LOST_REMEDY });
  }
  return doubts;
}

/** By the name that servers are started with: another cluster's, as after a rename in the environment, or another node. */
function otherName(
  name: string,
  cluster: string,
  id: string,
  elsewhere: Remedy,
): Pick<Doubt, "what" | "remedy"> {
  const named = readServerName(name);
  if (named === undefined || named.cut === true)
    return { what: `is "${name}", not the coordinator ${id} of cluster ${cluster}`, remedy: elsewhere };
  if (named.id === id)
    return {
      what: `is the coordinator ${id} of cluster ${named.cluster}, not of cluster ${cluster}`,
      remedy: advise`if the cluster was renamed in the environment, name it ${named.cluster} again; otherwise ${elsewhere}`,
    };
  const of = named.cluster === cluster ? "" : ` of cluster ${named.cluster}`;
  return {
    what: `is ${named.id}${of}, not the coordinator ${id} of cluster ${cluster}`,
    remedy: elsewhere,
  };
}
