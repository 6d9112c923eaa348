import { setTimeout as sleep } from "node:timers/promises";
import { Deadline } from "../../base/deadline";
import { oneLine } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { COORDINATOR_GROUP } from "../nodes/registered";
import type { Session } from "../connection/session";
import { withStatementTimeout } from "../connection/statement-timeout";
import type { MovingNode } from "./watcher";

/** How long clearing away may take before it is left to Citus, in milliseconds. */
const CLEAR_MS = 20_000;

/** How long after a move's end its walsender may still hold the slot, so that clearing is tried again, in milliseconds. */
const RELEASE_MS = 5_000;

/** Between two tries, in milliseconds. */
const TRY_AGAIN_MS = 500;

/**
 * Clears away what a move that failed or was cancelled has left: slot, publication, subscription, half a copy. A cancelled
 * move's own workers may use it for a moment yet, so it is tried again. What still is in use then stays, and is said:
 * Citus itself tries again every minute, and a slot keeps WAL until then.
 */
export async function clearRests(
  session: Session,
  members: readonly MovingNode[],
  progress: Progress,
): Promise<void> {
  try {
    const giveUp = Deadline.in(RELEASE_MS);
    let left = await clear(session);
    while (left.length > 0 && !giveUp.passed) {
      await sleep(TRY_AGAIN_MS);
      left = await clear(session);
    }
    if (left.length === 0) return;
    const label = (groupid: number) =>
      groupid === COORDINATOR_GROUP
        ? "the coordinator"
        : (members.find((member) => member.groupid === groupid)?.label ?? `group ${groupid}`);
    const names = left.map(({ name, groupid }) => `${name} on ${label(groupid)}`);
    progress(`leftovers of moves are still in use; Citus drops them later: ${names.join(", ")}`);
  } catch (error) {
    // Whatever ended the move counts; where the coordinator is gone, it is that.
    progress(`leftovers of moves could not be dropped; Citus drops them later: ${oneLine(error)}`);
  }
}

/** Has Citus drop what nothing uses, and says what is left. */
async function clear(session: Session): Promise<{ name: string; groupid: number }[]> {
  await withStatementTimeout(session, CLEAR_MS, () =>
    session.query("CALL citus_cleanup_orphaned_resources()"),
  );
  return await session.query(
    "SELECT object_name AS name, node_group_id AS groupid FROM pg_dist_cleanup ORDER BY record_id",
  );
}
