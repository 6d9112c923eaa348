import { explainOtherServer } from "../../../cluster/nodes/identity";
import { METADATA_LOST_REMEDY } from "../../../cluster/nodes/metadata-lost";
import { isNamedAsAnother } from "../../../../model/contract/server-name";
import { failed, ok } from "../finding";
import { viewRegistered } from "../registered-nodes";
import { isUnreachable } from "../inspection";
import type { InsideCheck } from "./check";

/** Whether a server is the one that was registered: to Citus an empty one at its address looks healthy. */
export const checkIdentity: InsideCheck = ({ node, inside: { citus, server } }, { registered, cluster }) => {
  const place = { check: "identity", where: node.id };
  if (citus === undefined || registered === undefined || isUnreachable(server)) return [];
  const name = server.settings["cluster_name"] ?? "";
  if (isNamedAsAnother(name, cluster.name, node.id)) {
    return [
      failed(
        place,
        `the server in its container says that it is "${name}"`,
        "two nodes' containers were exchanged: give each its own name again (docker rename)",
      ),
    ];
  }
  const recorded = registered.record.find(({ id }) => id === node.id);
  if (node.role === "coordinator" && recorded !== undefined && recorded.server_id !== citus.server_id) {
    const what = `it is not the coordinator that was registered (server id ${citus.server_id}, was ${recorded.server_id})`;
    return [failed(place, what, METADATA_LOST_REMEDY)];
  }
  const row = viewRegistered(cluster, registered).find(({ id }) => id === node.id)?.registered;
  if (row === undefined) return [];
  const sameServer =
    recorded === undefined || recorded.nodeid !== row.nodeid || recorded.server_id === citus.server_id;
  // One whose metadata was taken away has no group of its own, and is the same server all the same.
  const known = recorded !== undefined && recorded.nodeid === row.nodeid && citus.groupid === 0;
  if (sameServer && (row.groupid === citus.groupid || known))
    return [ok(place, `group ${row.groupid}, server id ${citus.server_id}`)];
  const { what, remedy } = explainOtherServer({
    node,
    facts: { ...citus, table_count: citus.tables },
    recorded: recorded?.nodeid === row.nodeid ? recorded : undefined,
    registered: row,
    place: cluster,
  });
  return [failed(place, what, remedy)];
};
