import { setTimeout as sleep } from "node:timers/promises";
import { Stopwatch } from "../../base/stopwatch";
import { formatBytes } from "../../base/bytes";
import type { TransferMode } from "../../cluster/shards/transfer-mode";
import type { Move } from "./plan";
import { Failure, oneLine } from "../../base/failure";
import { describeBlocker } from "../../cluster/waits/describe-wait";
import { explainMove } from "../../cluster/moving/explain-move";
import { MoveAttempt, MoveLocked } from "../../cluster/moving/move-attempt";
import { MoveWatcher, type MovingNode } from "../../cluster/moving/watcher";
import type { Place } from "../../base/place";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import { SQLSTATE, sqlStateOf } from "../../cluster/connection/sqlstate";
import { AGAIN, advise, commandIn } from "../../base/remedy";

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

export interface MoverOptions {
  readonly mode: TransferMode;
  readonly progress: Progress;
  /** Ends the moves; whoever gives it cancels the one that runs. */
  readonly signal: AbortSignal;
  /** Of the environment, for commands in messages. */
  readonly environment: string;
  /** How long a move may wait for one transaction, in seconds (see `readBlockedTimeout`). */
  readonly blockedTimeout: number;
}

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
    private readonly nudger: Session,
    private readonly watcher: MoveWatcher,
    /** Of the session's backend. */
    private readonly pid: number,
    private readonly options: MoverOptions,
  ) {}

  static async start(session: Session, options: MoverOptions): Promise<ShardMover> {
    const [row] = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await session.query("LISTEN pg_dist_nudge");
    const nudger = await session.open();
    // A notification is a transaction: without this each would wait for the disk.
    await nudger.query("SET synchronous_commit = off");
    return new ShardMover(session, nudger, await MoveWatcher.start(session), row?.pid ?? 0, options);
  }

  async end(): Promise<void> {
    await Promise.all([this.nudger.end(), this.watcher.end()]);
    await this.session.query("UNLISTEN pg_dist_nudge");
    await this.rest();
  }

  /** Between moves: what else the session is used for may wait, e.g. to read the sizes of tables that are being created. */
  async rest(): Promise<void> {
    await this.session.query("SELECT set_config('lock_timeout', '0', false)");
  }

  /**
   * Moves a group of shards, trying again while others hold its locks. One whose table was dropped meanwhile is done: others of
   * its group, if there are, are found when it is looked again.
   *
   * @param members source and target among them
   * @throws Failure with Citus' reason, with who was waited for too long, or the signal's
   */
  async move(move: Move, members: readonly MovingNode[]): Promise<void> {
    const name = `shard ${move.group.shardid} of ${move.group.tables.slice(0, 1).join()}`;
    for (let attempt = 1; ; attempt++) {
      this.options.signal.throwIfAborted();
      const watch = this.attemptOf(move, name, members);
      try {
        await this.watched(this.attempt(move, attempt), name, watch);
        return;
      } catch (error) {
        this.options.signal.throwIfAborted();
        if (error instanceof Failure) throw error;
        if (await this.isGone(move)) return;
        if (!isBusy(error))
          throw await explainMove(error, name, this.session, members, this.options.environment);
        if (attempt === ATTEMPTS) throw givenUp(error, name, watch, this.session.place);
        this.options.progress(
          `${name} is in use${byWhom(watch)}, trying again${error instanceof MoveLocked ? "" : `: ${oneLine(error)}`}`,
        );
        await sleep(RETRY_MS);
      }
    }
  }

  /** Where that can't be asked either, the move's own error says why. */
  private async isGone({ group }: Move): Promise<boolean> {
    const rows = await this.session
      .query("SELECT FROM pg_dist_shard WHERE shardid = $1::bigint", [group.shardid])
      .catch(() => undefined);
    return rows?.length === 0;
  }

  private attemptOf(move: Move, name: string, members: readonly MovingNode[]): MoveAttempt {
    const find = (nodeid: number) => members.find((member) => member.nodeid === nodeid) as MovingNode;
    const [source, target] = [find(move.source), find(move.target)];
    return new MoveAttempt(this.session, this.watcher, { name, source, target, members, ...this.options });
  }

  private async attempt({ group, source, target }: Move, attempt: number): Promise<void> {
    const patience = Math.min(LOCK_MS.first * 2 ** Math.max(attempt - 3, 0), LOCK_MS.last);
    await this.session.query("SELECT set_config('lock_timeout', $1::text, false)", [`${patience}ms`]);
    await this.session.query(
      "SELECT citus_move_shard_placement($1::bigint, $2::int, $3::int, $4::citus.shard_transfer_mode)",
      [group.shardid, source, target, this.options.mode],
    );
  }

  /** @throws why it was cancelled, or the move's own error */
  private async watched(work: Promise<void>, name: string, watch: MoveAttempt): Promise<void> {
    const over = new AbortController();
    const settled = work.then(
      () => over.abort(),
      () => over.abort(),
    );
    const [ended, , watching] = await Promise.allSettled([
      work,
      this.nudged(settled, over.signal, name, watch),
      watch.watch(over.signal),
    ]);
    if (ended.status === "fulfilled") return;
    if (watching.status === "fulfilled" && watching.value !== undefined) throw watching.value;
    throw ended.reason;
  }

  /** Without it the move only takes longer; and if the coordinator is gone, the move itself says so. */
  private async nudged(settled: Promise<void>, over: AbortSignal, name: string, watch: MoveAttempt) {
    const [moving, reported] = [new Stopwatch(), new Stopwatch()];
    while (!over.aborted) {
      await this.nudger.query("NOTIFY pg_dist_nudge");
      if (reported.ms > REPORT_MS) {
        reported.restart();
        const { blocker } = watch;
        const state =
          blocker === undefined ? await this.stateOfMove() : `waits for ${describeBlocker(blocker)}`;
        this.options.progress(`${name}: ${state}`);
      }
      const pause = moving.ms < NUDGE_MS.longAfter ? NUDGE_MS.short : NUDGE_MS.long;
      await Promise.race([settled, sleep(pause)]);
    }
  }

  private async stateOfMove(): Promise<string> {
    const [row] = await this.nudger.query<{ status: string; copied: string; size: string }>(
      `SELECT min(status) AS status, sum(target_shard_size)::text AS copied, sum(source_shard_size)::text AS size
         FROM get_rebalance_progress() WHERE sessionid = $1`,
      [this.pid],
    );
    if (!row?.status) return "starting";
    return `${row.status.toLowerCase()}, ${formatBytes(Number(row.copied))} of ${formatBytes(Number(row.size))}`;
  }
}

function byWhom({ blocker }: MoveAttempt): string {
  return blocker === undefined ? "" : ` by ${describeBlocker(blocker)}`;
}

function givenUp(error: unknown, name: string, watch: MoveAttempt, place: Place): Failure {
  const why = watch.blocker === undefined ? oneLine(error) : `it is in use${byWhom(watch)}`;
  return new Failure(
    `moving ${name} was given up after ${ATTEMPTS} tries: ${why}`,
    advise`${watch.howToEnd() || advise`end the transactions on its tables that are open for long (${commandIn(place, "activity")} shows them)`};
      then ${AGAIN}: it resumes where it stopped`,
    { cause: error },
  );
}

/** Others hold what the move needs, or the rest of an earlier attempt is still in use. */
function isBusy(error: unknown): boolean {
  const state = sqlStateOf(error);
  return (
    error instanceof MoveLocked ||
    state === SQLSTATE.lockNotAvailable ||
    state === SQLSTATE.deadlockDetected ||
    /could not acquire the lock|could not be cleaned up/.test(oneLine(error))
  );
}
