import { setTimeout as sleep } from "node:timers/promises";
import { Deadline } from "../../base/deadline";
import type { Session } from "../../cluster/connection/session";
import { cancelJob, isOver, readJob } from "./job";
import { type JobProgress, measureJob, readGroups } from "./progress-of-job";

/** Between two looks at a job, in milliseconds. */
const LOOK_MS = 1000;

/** How long a job that was cancelled is waited for, in milliseconds: a move may be rolling back. */
const CANCEL_MS = 60_000;

export interface AwaitOptions {
  /** Called at every look, the last one included. */
  readonly show: (progress: JobProgress) => void;
  /** Ends the wait; the job goes on. */
  readonly signal?: AbortSignal;
}

/**
 * Waits for a job until it is over, or one of its tasks fails (see `failingTask`), whatever Citus then makes of it.
 *
 * @throws the signal's reason
 */
export async function awaitJob(
  session: Session,
  id: string,
  { show, signal }: AwaitOptions,
): Promise<JobProgress> {
  const before = await readJob(session, id);
  const groups = await readGroups(session, before);
  for (;;) {
    signal?.throwIfAborted();
    const progress = await measureJob(session, await readJob(session, id), groups, before);
    show(progress);
    if (isOver(progress.job) || progress.failing !== undefined) return progress;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Cancels a job and waits until nothing of it moves any more.
 *
 * @param waitMs for how long at most: a move that is rolled back may wait for a server
 */
export async function stopJob(session: Session, id: string, waitMs = CANCEL_MS): Promise<void> {
  await cancelJob(session, id);
  const deadline = Deadline.in(waitMs);
  while (!isOver(await readJob(session, id)) && !deadline.passed) await deadline.sleep(200);
}
