import { formatDuration } from "../status/duration";
import type { LockWait, Party } from "../status/lock-waits";

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

/** Tells blockers apart, from one look to the next. */
export function keyOf({ gid, pid, node }: Party): string {
  return `${node} ${gid ?? pid}`;
}
