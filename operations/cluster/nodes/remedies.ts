import type { Cluster, ClusterNode, Endpoint } from "../../../model/cluster";
import type { Place } from "../../base/place";
import { type Remedy, advise, commandIn, deployOf } from "../../base/remedy";

/* One remedy a fault, whoever comes upon it: status, doctor, a registration, a move. */

/** A start-up setting of PostgreSQL: only a new container has it. */
export const WAL_LEVEL_REMEDY =
  'set wal_level: "logical" in the node\'s `settings` and apply (its container is replaced)';

/** A server in recovery takes no writes. */
export const RECOVERY_REMEDY =
  "it is a standby, or restores a backup: let it finish, promote it with SELECT pg_promote(), or correct the address";

/** A disk that is full, or nearly. */
export function diskRemedy(disk = "it"): string {
  return (
    `make room on ${disk} (docker system prune removes unused images; an unused replication slot retains WAL), enlarge it, or ` +
    "add a worker and rebalance: PostgreSQL stops when it is full"
  );
}

/**
 * The extension is older than the library: until then the node refuses whatever has to do with Citus.
 *
 * @param where follows the statement: `there`, `on server-b/worker1`
 */
export function extensionRemedy(where: string): string {
  return `ALTER EXTENSION citus UPDATE ${where}, as the first statement of a session; workers before the coordinator`;
}

/** Most or all of a server's connections are taken. */
export function connectionsRemedy(place: Place): Remedy {
  return advise`${commandIn(place, "connections", "--applications")} shows whose they are: end some (SELECT pg_terminate_backend(PID) there),
    pool the clients, or raise max_connections (a start-up setting)`;
}

/**
 * One node can't log in to another as the superuser. Holds wherever the wrong password is: stored on the node that connects,
 * given to the role on the one that refuses, or in the hands of who asks. That this machine can't log in to the coordinator
 * is another fault (connect.ts): nothing that is stored on a node is wrong then, and no command of ours could mend it.
 */
export function superuserPasswordRemedy({ environment, ...place }: Place): Remedy {
  if (environment === undefined) {
    return (
      "as superuser on every node, in this database: INSERT INTO pg_dist_authinfo VALUES (0, current_user, 'password=...') ON " +
      "CONFLICT (nodeid, rolename) DO UPDATE SET authinfo = excluded.authinfo, with the password that the role has there"
    );
  }
  return advise`set TF_VAR_postgres_password to the one that the coordinator has; ${commandIn({ environment, ...place }, "credentials")}
      then stores it on every node, and sets it on one that has another`;
}

/** A node that somebody disabled: no query uses it. */
export function inactiveRemedy({ host, port }: Endpoint): string {
  return `SELECT citus_activate_node('${host}', ${port}) on the coordinator`;
}

/** A node's metadata is out of sync. */
export function unsyncedRemedy({ host, port }: Endpoint): string {
  return `it is retried every minute; at once: SELECT start_metadata_sync_to_node('${host}', ${port}) on the coordinator`;
}

/**
 * The cluster's network on a Docker host is to be made anew: a network keeps its own subnet, and can't go while containers
 * are on it.
 *
 * @param nodes those of the host
 */
export function remakeNetworkRemedy(
  { name, environment }: Pick<Cluster, "name" | "environment">,
  nodes: readonly Pick<ClusterNode, "container">[],
  { isThere }: { readonly isThere: boolean },
): string {
  const names = nodes.map(({ container }) => container).join(" ");
  const remove = isThere ? `; docker network rm ${name}` : "";
  return `there: docker stop ${names}; docker rm ${names}${remove}; then ${deployOf(environment)} makes them again on their volumes`;
}
