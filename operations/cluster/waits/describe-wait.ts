import type { Endpoint } from "../../../model/cluster";
import { formatDuration } from "../../base/duration";
import { quoteLiteral } from "../connection/quote-literal";
import { endBlocker, isForeignPrepared } from "./end-blocker";
import type { LockWait, Party } from "./lock-waits";

/** Characters of a statement in a line of progress. */
const QUERY = 60;

/** Who a move waits for, for a sentence: `process 459 on server-b/worker1 (app, idle in transaction for 5 min: INSERT ...)`. */
export function describeBlocker({ blocking }: Pick<LockWait, "blocking">): string {
  const { gid, pid, node, user, application, database, state, since, query } = blocking;
  const time = formatDuration(since);
  if (gid !== null)
    return `the prepared transaction ${gid} on ${node} (database ${database}, prepared ${time} ago)`;
  if (pid === 0) return `a prepared transaction on ${node}`;
  const who = [user, application].filter(Boolean).join(", ");
  const text = query.replace(/\s+/g, " ").trim().slice(0, QUERY);
  const details = [who, database === "" ? "" : `database ${database}`, `${state} for ${time}: ${text}`];
  return `process ${pid} on ${node} (${details.filter(Boolean).join(", ")})`;
}

/**
 * The statement that ends a blocker, and where it is to be run, for after `end it in SQL `: `on the coordinator: SELECT
 * pg_terminate_backend(20000000459)`.
 *
 * @param endpoint of its node; undefined where that isn't known, or is the coordinator itself
 */
export function sqlToEnd(blocking: Party, endpoint?: Endpoint): string {
  if (!isForeignPrepared(blocking)) return `on the coordinator: ${endBlocker(blocking, endpoint)}`;
  const at = endpoint === undefined ? "" : ` (${endpoint.host}:${endpoint.port})`;
  return `on ${blocking.node}${at}, in database ${blocking.database}: ROLLBACK PREPARED ${quoteLiteral(blocking.gid ?? "")} (or COMMIT PREPARED)`;
}

/** Tells blockers apart, from one look to the next. */
export function keyOf({ gid, pid, node }: Party): string {
  return `${node} ${gid ?? pid}`;
}
