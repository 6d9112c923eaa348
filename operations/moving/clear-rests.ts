import { oneLine } from "../failure";
import type { Progress } from "../progress";
import { COORDINATOR_GROUP } from "../registration/pg-dist-node";
import type { Session } from "../session";
import { withStatementTimeout } from "../statement-timeout";
import type { MovingNode } from "./watcher";

/** How long clearing away may take before it is left to Citus, in milliseconds. */
const CLEAR_MS = 20_000;

/**
 * Clears away what a move that failed or was cancelled has left: slot, publication, subscription, half a copy. What still
 * is in use stays, and is said: Citus itself tries again every minute, and a slot keeps WAL until then.
 */
export async function clearRests(
  session: Session,
  members: readonly MovingNode[],
  progress: Progress,
): Promise<void> {
  try {
    await withStatementTimeout(session, CLEAR_MS, () =>
      session.query("CALL citus_cleanup_orphaned_resources()"),
    );
    const left = await session.query<{ name: string; groupid: number }>(
      "SELECT object_name AS name, node_group_id AS groupid FROM pg_dist_cleanup ORDER BY record_id",
    );
    if (left.length === 0) return;
    const label = (groupid: number) =>
      groupid === COORDINATOR_GROUP
        ? "the coordinator"
        : (members.find((member) => member.groupid === groupid)?.label ?? `group ${groupid}`);
    const names = left.map(({ name, groupid }) => `${name} on ${label(groupid)}`);
    progress(`what moves left is still in use, and Citus drops it later: ${names.join(", ")}`);
  } catch (error) {
    // Whatever ended the move counts; where the coordinator is gone, it is that.
    progress(`what moves left could not be cleared away, and Citus drops it later: ${oneLine(error)}`);
  }
}
