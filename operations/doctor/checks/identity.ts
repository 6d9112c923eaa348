import { sameEndpoint } from "../../registration/pg-dist-node";
import { isNamedAsAnother } from "../../server-name";
import { failed, ok } from "../finding";
import { isUnreachable } from "../snapshot";
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
        `two nodes' containers were exchanged: npx cdktf deploy ${cluster.environment}, or correct the names`,
      ),
    ];
  }
  const recorded = registered.record.find(({ id }) => id === node.id);
  const row = registered.nodes.find(({ host, port }) => sameEndpoint({ host, port }, node.endpoint));
  if (row === undefined) return [];
  const sameServer =
    recorded === undefined || recorded.nodeid !== row.nodeid || recorded.server_id === citus.server_id;
  // One whose metadata was taken away has no group of its own, and is the same server all the same.
  const known = recorded !== undefined && recorded.nodeid === row.nodeid && citus.groupid === 0;
  if (sameServer && (row.groupid === citus.groupid || known))
    return [ok(place, `group ${row.groupid}, server id ${citus.server_id}`)];
  const empty = citus.groupid === 0 && citus.tables === 0;
  return [
    failed(
      place,
      empty
        ? `the server is empty, but group ${row.groupid} with ${row.placements} shard placements is registered here: its volume was deleted, or another one is mounted`
        : `another server than the registered one: group ${citus.groupid} instead of ${row.groupid}, server id ${citus.server_id} instead of ${recorded?.server_id ?? "(not recorded)"}`,
      `bring the volume (or a backup of it) back, or correct the address; if the data is lost for good: npx pg-dist forget ${cluster.environment} ${node.id}`,
    ),
  ];
};
