import { dropOrphans } from "../../cluster/shards/drop-orphans";
import { oneLine } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import { withStatementTimeout } from "../../cluster/connection/statement-timeout";

/** What a move left on its source, to be dropped when nobody reads it any more (CLEANUP_DEFERRED_ON_SUCCESS of Citus). */
const OLD_COPIES = "SELECT object_name AS name FROM pg_dist_cleanup WHERE policy_type = 2 ORDER BY record_id";

/**
 * Has Citus drop the old copies of shards that a rebalance moved, and says what it can't drop yet. Citus would do it a little
 * later, by their name, on whichever server answers at that address by then.
 *
 * @throws the signal's reason
 */
export async function dropOldCopies(
  session: Session,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  try {
    const read = async () => (await session.query<{ name: string }>(OLD_COPIES)).map(({ name }) => name);
    const found = await read();
    if (found.length === 0) return;
    progress(`dropping ${describe(found.length)}`);
    await withStatementTimeout(session, 0, () =>
      dropOrphans(session, {
        ...{ read, describe, progress, signal },
        again: "Citus drops them by itself; until then, add and remove no node",
      }),
    );
  } catch (error) {
    signal?.throwIfAborted();
    // The shards are where they should be: that a copy is left is no failure of the rebalance.
    progress(`old copies of moved shards have not been dropped yet: ${session.redact(oneLine(error))}`);
  }
}

function describe(count: number): string {
  return `${count} old ${count === 1 ? "copy" : "copies"} of moved shards`;
}
