import { setTimeout as sleep } from "node:timers/promises";
import { Deadline } from "../../base/deadline";
import { Failure } from "../../base/failure";
import { type Remedy, advise, commandIn } from "../../base/remedy";
import type { Progress } from "../../base/progress";
import type { Session } from "../connection/session";

/** How long shards that a running query still uses are waited for, in milliseconds. */
const CLEANUP_MS = 120_000;

export interface Orphans {
  /** Names of those that Citus has yet to drop. */
  readonly read: () => Promise<readonly string[]>;
  /** `3 moved shards on server-b/worker1` */
  readonly describe: (count: number) => string;
  /** What to do after the transactions that use them have ended. */
  readonly again: Remedy;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/**
 * A moved shard is dropped from its old node a little later, and what a move left that was cut off likewise. Lets Citus do
 * it now, until none of these is left.
 *
 * @throws Failure with what is still left after two minutes
 */
export async function dropOrphans(
  session: Session,
  { read, describe, again, progress, signal }: Orphans,
): Promise<void> {
  const deadline = Deadline.in(CLEANUP_MS);
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    session.takeMessages();
    await session.query("CALL citus_cleanup_orphaned_resources()");
    const reason = session.takeMessages().find(({ severity }) => severity === "WARNING")?.text;
    const left = await read();
    if (left.length === 0) return;
    const cause = reason === undefined ? "" : `: ${reason}`;
    const what = `${describe(left.length)} can't be dropped yet (${left.slice(0, 1).join()}${cause})`;
    if (deadline.passed) {
      throw new Failure(
        what,
        advise`end the transactions that still use them (${commandIn(session.place, "activity")} shows them), and ${again}`,
      );
    }
    if (attempt === 1) progress(`waiting: ${what}`);
    await sleep(1000);
  }
}
