import { setTimeout as sleep } from "node:timers/promises";
import { formatBytes } from "./bytes";
import type { TransferMode } from "./drain-mode";
import type { Move } from "./drain-plan";
import { Failure, oneLine } from "./failure";
import type { Progress } from "./progress";
import type { Session } from "./session";
import { SQLSTATE, sqlStateOf } from "./sqlstate";

/**
 * How long a move may wait for a lock, and hold up the writes that queue behind it, at its first tries; later ones may
 * wait twice as long each, up to the last. In milliseconds.
 */
const LOCK_MS = { first: 300, last: 5000 };

const ATTEMPTS = 12;

/** Pause before a move is tried again. In milliseconds. */
const RETRY_MS = 500;

/** A move that takes this long is reported, this often. In milliseconds. */
const REPORT_MS = 10_000;

/**
 * In milliseconds. More often costs as much as it saves, since each nudge makes the move ask two servers for their
 * positions; a long move, where the wait at its end counts little, is nudged less often.
 */
const NUDGE_MS = { short: 40, long: 100, longAfter: 5000 };

/**
 * Moves shards one after the other, with a second session that shortens the waits.
 *
 * When a move waits for its subscription to catch up, Citus 13 sleeps for a fixed second and only then compares positions
 * again (replication/multi_logical_replication.c). It sleeps on the latch of its backend, which a notification sets: the
 * session listens, the second one notifies. No check is left out; the next one only comes sooner.
 */
export class ShardMover {
  private constructor(
    private readonly session: Session,
    private readonly observer: Session,
    /** Of the session's backend. */
    private readonly pid: number,
    private readonly mode: TransferMode,
    private readonly progress: Progress,
    private readonly signal: AbortSignal,
  ) {}

  /** @param signal cancels the move that is running */
  static async start(
    session: Session,
    mode: TransferMode,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<ShardMover> {
    const [row] = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await session.query("LISTEN pg_dist_nudge");
    const observer = await session.open();
    // A notification is a transaction: without this each would wait for the disk.
    await observer.query("SET synchronous_commit = off");
    return new ShardMover(session, observer, row?.pid ?? 0, mode, progress, signal);
  }

  async end(): Promise<void> {
    await this.observer.end();
    await this.session.query("UNLISTEN pg_dist_nudge");
    await this.session.query("SELECT set_config('lock_timeout', '0', false)");
  }

  /**
   * Moves a group of shards, trying again while others hold its locks.
   *
   * @throws Failure with Citus' reason, or the signal's
   */
  async move(move: Move): Promise<void> {
    const name = `shard ${move.group.shardid} of ${move.group.tables[0]}`;
    for (let attempt = 1; ; attempt++) {
      this.signal.throwIfAborted();
      try {
        await this.nudged(this.attempt(move, attempt), name);
        return;
      } catch (error) {
        this.signal.throwIfAborted();
        if (error instanceof Failure) throw error;
        if (!isBusy(error)) {
          throw new Failure(
            `moving ${name} failed: ${oneLine(error)}`,
            "see to the cause, then apply again: it goes on",
            {
              cause: error,
            },
          );
        }
        if (attempt === ATTEMPTS) {
          throw new Failure(
            `moving ${name} was given up after ${ATTEMPTS} tries: ${oneLine(error)}`,
            "end the long transactions on its tables (SELECT * FROM citus_lock_waits), then apply again: it goes on",
            { cause: error },
          );
        }
        this.progress(`${name} is in use, trying again: ${oneLine(error)}`);
        await sleep(RETRY_MS);
      }
    }
  }

  private async attempt({ group, source, target }: Move, attempt: number): Promise<void> {
    const patience = Math.min(LOCK_MS.first * 2 ** Math.max(attempt - 3, 0), LOCK_MS.last);
    await this.session.query("SELECT set_config('lock_timeout', $1, false)", [`${patience}ms`]);
    await this.session.query("SELECT citus_move_shard_placement($1::bigint, $2::int, $3::int, $4)", [
      group.shardid,
      source,
      target,
      this.mode,
    ]);
  }

  private async nudged(work: Promise<void>, name: string): Promise<void> {
    const started = performance.now();
    let reported = started;
    let running = true;
    const settled = work.then(
      () => (running = false),
      () => (running = false),
    );
    while (running) {
      const now = performance.now();
      try {
        await this.nudge();
        if (now - reported > REPORT_MS) {
          reported = now;
          this.progress(`${name}: ${await this.stateOfMove()}`);
        }
      } catch {
        // Without it the move only takes longer; and if the coordinator is gone, the move itself says so.
        break;
      }
      const pause = now - started < NUDGE_MS.longAfter ? NUDGE_MS.short : NUDGE_MS.long;
      await Promise.race([settled, sleep(pause)]);
    }
    await work;
  }

  private async nudge(): Promise<void> {
    if (this.signal.aborted) await this.observer.query("SELECT pg_cancel_backend($1)", [this.pid]);
    else await this.observer.query("NOTIFY pg_dist_nudge");
  }

  private async stateOfMove(): Promise<string> {
    const [row] = await this.observer.query<{ status: string; copied: string; size: string }>(
      `SELECT min(status) AS status, sum(target_shard_size)::text AS copied, sum(source_shard_size)::text AS size
         FROM get_rebalance_progress() WHERE sessionid = $1`,
      [this.pid],
    );
    if (!row?.status) return "starting";
    return `${row.status.toLowerCase()}, ${formatBytes(Number(row.copied))} of ${formatBytes(Number(row.size))}`;
  }
}

/** Others hold what the move needs, or the rest of an earlier attempt is still in use. */
function isBusy(error: unknown): boolean {
  const state = sqlStateOf(error);
  return (
    state === SQLSTATE.lockNotAvailable ||
    state === SQLSTATE.deadlockDetected ||
    /could not acquire the lock|could not be cleaned up/.test(oneLine(error))
  );
}
