import type { Endpoint } from "../../../model/cluster";
import { quoteLiteral } from "../nodes/run-on-nodes";
import type { Party } from "./lock-waits";

/** From here on the node of a global pid is one that Citus did not know when it gave the pid. */
const UNKNOWN_NODE = 99_999_999 * 10_000_000_000;

/** Whether it is somebody's prepared transaction: only on its own node, in its database, can it be ended. */
export function isForeignPrepared({ gid }: Pick<Party, "gid">): boolean {
  // One of Citus' own is half of a distributed transaction, which the coordinator can decide.
  return gid !== null && !/^citus_\d+_/.test(gid);
}

/**
 * What ends a transaction that others wait for: SQL for the coordinator, whichever node and database it is on; but see
 * `isForeignPrepared`.
 *
 * @param endpoint of its node; undefined where that isn't known, or is the coordinator itself
 */
export function endBlocker({ gpid, pid, gid, database }: Party, endpoint: Endpoint | undefined): string {
  if (gid !== null) {
    if (!isForeignPrepared({ gid })) return "SELECT recover_prepared_transactions()";
    const at = endpoint === undefined ? "" : ` on ${endpoint.host}:${endpoint.port}`;
    return `ROLLBACK PREPARED ${quoteLiteral(gid)} (or COMMIT PREPARED) in database ${database}${at}`;
  }
  if (pid === 0) return "SELECT recover_prepared_transactions()";
  // Citus takes a global pid there, and finds the node by it; only its own clients have one.
  if (gpid !== 0 && gpid < UNKNOWN_NODE) return `SELECT pg_terminate_backend(${gpid})`;
  const terminate = `SELECT pg_terminate_backend(${pid}::int)`;
  if (endpoint === undefined) return terminate;
  const { host, port } = endpoint;
  return `SELECT result FROM master_run_on_worker(ARRAY[${quoteLiteral(host)}], ARRAY[${port}], ARRAY[${quoteLiteral(terminate)}], false)`;
}
