import { setTimeout as sleep } from "node:timers/promises";
import { Stopwatch } from "../../base/stopwatch";
import { type Endpoint, formatEndpoint } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { COORDINATOR_GROUP, readRegistered } from "../nodes/registered";
import type { Session } from "../connection/session";
import { formatDuration } from "../../base/duration";
import type { LockWait } from "../waits/lock-waits";
import { describeBlocker, keyOf, sqlToEnd } from "../waits/describe-wait";
import { gpidOf, openWatch, readWaits } from "../waits/read-waits";
import { AGAIN, advise } from "../../base/remedy";

/** Between two looks, in milliseconds; work that is over before the first one is never looked at. */
const LOOK_EVERY_MS = 3000;

/** Moves have a watch of their own, which also knows what to do about a wait. */
const OF_A_MOVE = "citus_move_shard_placement";

/**
 * Does work on a session, and says whom its statements wait for: an open ALTER TABLE of somebody keeps the list of nodes
 * locked, on whichever node.
 *
 * @param seconds that it may wait for the same transaction
 * @throws the work's error; Failure that names the transaction, where it was waited for too long
 */
export async function withWaitsTold<Result>(
  session: Session,
  { progress, seconds }: { readonly progress: Progress; readonly seconds: number },
  work: () => Promise<Result>,
): Promise<Result> {
  const gpid = await gpidOf(session);
  const over = new AbortController();
  const watch = new WaitWatch(session, gpid, progress, seconds);
  const watching = watch.run(over.signal);
  try {
    return await work();
  } catch (error) {
    throw watch.reason ?? error;
  } finally {
    over.abort();
    await watching;
  }
}

class WaitWatch {
  /** Why the work was cancelled. */
  reason: Failure | undefined;
  private seen: string | undefined;
  private readonly since = new Stopwatch();

  constructor(
    private readonly session: Session,
    private readonly gpid: number,
    private readonly progress: Progress,
    private readonly seconds: number,
  ) {}

  /** Never throws: without it the work only says less. */
  async run(over: AbortSignal): Promise<void> {
    let own: Session | undefined;
    const pause = () => sleep(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
    for (await pause(); !over.aborted && this.reason === undefined; await pause()) {
      try {
        own ??= await openWatch(this.session);
        await this.look(own);
      } catch {
        await own?.end();
        own = undefined;
      }
    }
    await own?.end();
  }

  private async look(own: Session): Promise<void> {
    const waits = await readWaits(own, this.gpid, await activeWorkers(own));
    const wait = waits.find(({ waiting }) => !waiting.query.includes(OF_A_MOVE));
    const key = wait && keyOf(wait.blocking);
    if (key !== this.seen) {
      this.seen = key;
      this.since.restart();
      if (wait !== undefined) this.progress(`waits for ${describeBlocker(wait)}; ${howToEnd(wait)}`);
      return;
    }
    const waited = this.since.seconds;
    if (wait === undefined || waited < this.seconds) return;
    this.reason = new Failure(
      `given up after waiting ${formatDuration(Math.round(waited))} for ${describeBlocker(wait)}`,
      advise`${howToEnd(wait)}; then ${AGAIN} (PGDIST_BLOCKED_TIMEOUT, in seconds, makes it wait longer)`,
    );
    await this.session.cancel();
  }
}

function howToEnd({ blocking }: LockWait): string {
  return `end it in SQL ${sqlToEnd(blocking)}`;
}

/** All that Citus has to do with now. */
async function activeWorkers(session: Session): Promise<{ label: string; endpoint: Endpoint }[]> {
  return (await readRegistered(session))
    .filter(({ groupid, isactive }) => isactive && groupid !== COORDINATOR_GROUP)
    .map(({ endpoint }) => ({ label: formatEndpoint(endpoint), endpoint }));
}
