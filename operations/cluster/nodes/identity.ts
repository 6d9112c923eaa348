import { type ClusterNode, formatEndpoint } from "../../../model/cluster";
import type { Problem } from "../../base/failure";
import type { Place } from "../../base/place";
import type { RecordedNode } from "./recorded";
import { isNamedAsAnother } from "../../../model/contract/server-name";
import type { NodeFacts } from "./node-facts";
import { COORDINATOR_GROUP, type RegisteredNode } from "./registered";
import { quoteLiteral } from "./run-on-nodes";
import { type Remedy, advise, commandIn } from "../../base/remedy";

/** A problem, and whether going on would lose or mix data. */
export type Objection = Problem & { readonly refused: boolean };

/** As much of a node as tells whether it is the server that it is registered as. */
export interface Identifiable {
  readonly node: Pick<ClusterNode, "id" | "endpoint">;
  readonly facts: Pick<NodeFacts, "groupid" | "server_id" | "cluster_name" | "table_count">;
  readonly recorded?: Pick<RecordedNode, "server_id" | "nodeid">;
}

/** A server that is registered must still be the one with the data: to Citus an empty one there looks healthy. */
export function checkIdentity(
  { node, facts, recorded }: Identifiable,
  registered: Pick<RegisteredNode, "groupid" | "nodeid"> & { readonly hasmetadata?: boolean },
  { cluster, place }: { readonly cluster: string; readonly place: Place },
): Objection[] {
  // Whatever else differs comes of that.
  const misnamed = checkName({ node, facts }, cluster);
  if (misnamed.length > 0) return misnamed;
  const sameGroup = facts.groupid === registered.groupid;
  const sameServer = recorded === undefined || recorded.server_id === facts.server_id;
  // A worker that was removed and added again by hand has a new group and a new node id, but is the same server.
  if (sameGroup && (sameServer || recorded?.nodeid !== registered.nodeid)) return [];
  // Without metadata (stop_metadata_sync_to_node) a worker's own group is 0 again, and its shards are there all the same. The
  // server id is made with a data directory.
  const known = recorded !== undefined && recorded.nodeid === registered.nodeid && sameServer;
  if (facts.groupid === COORDINATOR_GROUP && sameServer && (known || registered.hasmetadata === false))
    return [];
  const explained = explainOtherServer({ node, facts, recorded, registered, place });
  return [{ node: node.id, ...explained, refused: true }];
}

/** Only for an environment: it names who the node is. */
function ifLost(id: string, place: Place): Remedy {
  if (place.environment === undefined) return "";
  return advise`; if the data is lost for good: ${commandIn(place, "forget", id)}`;
}

interface OtherServer {
  readonly node: Identifiable["node"];
  readonly facts: Pick<NodeFacts, "groupid" | "server_id" | "table_count">;
  readonly recorded?: Pick<RecordedNode, "server_id">;
  readonly registered: Pick<RegisteredNode, "groupid">;
  readonly place: Place;
}

/**
 * What a server that isn't the registered one most likely is. A server id is made with the extension, so that another one
 * doesn't mean another volume: where it was dropped and created again the shards are there, as plain tables.
 */
export function explainOtherServer({
  node: { id, endpoint },
  facts,
  recorded,
  registered: { groupid },
  place,
}: OtherServer): Pick<Objection, "what" | "remedy"> {
  const at = formatEndpoint(endpoint);
  if (facts.groupid === COORDINATOR_GROUP && facts.table_count === 0) {
    return {
      what:
        `the server at ${at} is empty, but group ${groupid} with its shards is registered there: its volume was deleted, ` +
        "or another one is mounted",
      remedy: advise`see whether the volume of its data is still on that server (docker volume ls), and bring it (or a backup of it)
          back, or correct the address${ifLost(id, place)}`,
    };
  }
  const sameServer = recorded === undefined || recorded.server_id === facts.server_id;
  const ids = sameServer ? "" : `, server id ${facts.server_id} instead of ${recorded.server_id}`;
  const adopt = `UPDATE pgdist.node SET server_id = ${quoteLiteral(facts.server_id)} WHERE id = ${quoteLiteral(id)} on the coordinator`;
  if (facts.groupid === COORDINATOR_GROUP) {
    return {
      what:
        `the server at ${at} has ${facts.table_count} table(s), but is in no cluster (group 0 instead of ${groupid}${ids}): ` +
        "its extension was dropped and created again, or another server answers",
      remedy: advise`see which by \\dt *.*_1?????* in ${commandIn(place, "psql", id)}. Shards of the cluster (t_102008 for a table t)
          mean that its data is there: copy and drop tables that have the cluster's own names (t), as they would be
          replaced; then SELECT start_metadata_sync_to_node(${quoteLiteral(endpoint.host)}, ${endpoint.port}) on the coordinator${sameServer ? "" : `, ${adopt}`}, and ${commandIn(place, "credentials")}, as its passwords went too. Without shards:
          correct the address`,
    };
  }
  if (facts.groupid === groupid && !sameServer) {
    return {
      what: `the server at ${at} is in group ${groupid}, but with server id ${facts.server_id} instead of ${recorded.server_id}: its extension was recreated, or another server answers`,
      remedy: advise`if ${commandIn(place, "status")} reports no missing shards there, it is still the same server: ${adopt};
          otherwise correct the address`,
    };
  }
  return {
    what: `another server answers at ${at}: group ${facts.groupid} instead of ${groupid}${ids}`,
    remedy:
      "correct the address and port, or check what the name resolves to; where its container has another node's volume, give each its own again",
  };
}

/** The name that we start a server with says who it is; it tells a wrong address from a lost volume. */
export function checkName(
  { node, facts }: { node: Identifiable["node"]; facts: Pick<NodeFacts, "cluster_name"> },
  cluster: string,
): Objection[] {
  if (!isNamedAsAnother(facts.cluster_name, cluster, node.id)) return [];
  return [
    {
      node: node.id,
      what: `the server at ${formatEndpoint(node.endpoint)} is another node: "${facts.cluster_name}"`,
      remedy: "correct the address and port, or check what the name resolves to",
      refused: true,
    },
  ];
}
