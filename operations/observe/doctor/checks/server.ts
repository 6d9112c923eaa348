import type { Cluster, ClusterNode } from "../../../../model/cluster";
import { READ_ONLY_REMEDY } from "../../../cluster/nodes/setting-cause";
import { quoteName, shellWord } from "../../../base/shown-words";
import { failed, ok, warning } from "../finding";
import { CONNECTIONS } from "../../thresholds";
import { isUnreachable } from "../inspection";
import type { InsideCheck } from "./check";
import { type Remedy, advise, commandIn } from "../../../base/remedy";
import { RECOVERY_REMEDY, connectionsRemedy } from "../../../cluster/nodes/remedies";

/** Whether a node's own server answers, and takes writes. */
export const checkServer: InsideCheck = ({ node, inside: { server } }, { cluster }) => {
  const place = { check: "server", where: node.id };
  if (isUnreachable(server)) {
    return [failed(place, server.unreachable, remedyFor(server.unreachable, cluster, node))];
  }
  const seen = `PostgreSQL ${server.postgres}`;
  if (server.in_recovery) {
    return [failed(place, `${seen} is in recovery: it takes no writes`, RECOVERY_REMEDY)];
  }
  if (server.read_only) {
    return [failed(place, `${seen} is read-only (default_transaction_read_only = on)`, READ_ONLY_REMEDY)];
  }
  const most = Number(server.settings["max_connections"]);
  const share = server.connections / most;
  if (share >= CONNECTIONS.warning) {
    const judge = share >= CONNECTIONS.broken ? failed : warning;
    return [
      judge(place, `${server.connections} of ${most} connections are taken`, connectionsRemedy(cluster)),
    ];
  }
  return [ok(place, `${seen}, ${server.connections} of ${most} connections`)];
};

function remedyFor(text: string, cluster: Cluster, { id, container }: ClusterNode): Remedy {
  const { user, database } = cluster;
  if (/too many clients|remaining connection slots/.test(text)) {
    return "all connections are taken: disconnect clients there (docker restart of the container disconnects all), or raise max_connections";
  }
  if (/database ".*" does not exist/.test(text)) {
    const psql = `docker exec ${container} psql -U ${shellWord(user)} -d`;
    const create = shellWord(`CREATE DATABASE ${quoteName(database)}`);
    return `set \`database\` back to the one that its data was initialised with; or where that was dropped, there: ${psql} template1 -c ${create}, then ${psql} ${shellWord(database)} -c 'CREATE EXTENSION citus'`;
  }
  if (/starting up|not yet accepting|recovery/.test(text))
    return advise`wait, and follow ${commandIn(cluster, "logs", id, "--since", "1m", "--follow")}`;
  return advise`${commandIn(cluster, "logs", id, "--since", "10m")}`;
}
