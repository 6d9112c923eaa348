import { setTimeout as sleep } from "node:timers/promises";
import { Stopwatch } from "../../base/stopwatch";
import { Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { Session } from "../connection/session";
import { formatDuration } from "../../base/duration";
import type { LockWait } from "../waits/lock-waits";
import { COORDINATOR_GROUP } from "../nodes/registered";
import { describeBlocker, keyOf, sqlToEnd } from "../waits/describe-wait";
import { COORDINATOR } from "../waits/read-waits";
import type { MoveWatcher, MovingNode, Sight } from "./watcher";
import { AGAIN, advise, commandIn } from "../../base/remedy";

/** Between two looks, in milliseconds; a move that is over before the first one needs none. */
const LOOK_EVERY_MS = 1500;

/** Errors of the target's apply worker, which tries again every 5 s, until one counts as lasting. */
const APPLY_ERRORS = 2;

/**
 * Seconds that a move may wait for a lock on another node, with the writes queueing behind it; on the coordinator our own
 * lock_timeout ends such a wait.
 */
const LOCKED_SECONDS = 5;

export interface AttemptOptions {
  /** For messages: `shard 102008 of orders`. */
  readonly name: string;
  readonly source: MovingNode;
  readonly target: MovingNode;
  readonly members: readonly MovingNode[];
  /** For commands in messages. */
  readonly environment: string;
  /** How long the same transaction may be waited for, in seconds. */
  readonly blockedTimeout: number;
  readonly progress: Progress;
}

/** The move was cancelled to let the writes through that wait behind it. */
export class MoveLocked extends Error {}

/**
 * Looks on while one move runs, and ends it where it would never end: where it waits for a transaction longer than it may,
 * or where its changes can't be applied on the target.
 */
export class MoveAttempt {
  /** Who was waited for when it was last looked. */
  blocker: LockWait | undefined;
  /** Who was waited for at the last look, and of whom it was said. */
  private seen: string | undefined;
  private told: string | undefined;
  private readonly since = new Stopwatch();
  private firstErrors: Sight["applyErrors"] | undefined;

  constructor(
    private readonly session: Session,
    private readonly watcher: MoveWatcher,
    private readonly options: AttemptOptions,
  ) {}

  /**
   * Until the move is over.
   *
   * @returns why it was cancelled; undefined where it ended by itself
   */
  async watch(over: AbortSignal): Promise<Failure | MoveLocked | undefined> {
    while (!over.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return undefined;
      const { source, target } = this.options;
      const reason = this.judge(await this.watcher.look({ source, target }));
      if (reason === undefined || over.aborted) continue;
      await this.session.cancel();
      return reason;
    }
    return undefined;
  }

  private judge({ waits, applyErrors }: Sight): Failure | MoveLocked | undefined {
    this.firstErrors ??= applyErrors;
    for (const [subscription, count] of applyErrors) {
      if (count - (this.firstErrors.get(subscription) ?? 0) >= APPLY_ERRORS) return this.applyFailure(count);
    }
    const [wait] = waits;
    this.blocker = wait;
    if (wait === undefined) {
      this.seen = this.told = undefined;
      return undefined;
    }
    const key = keyOf(wait.blocking);
    if (this.seen !== key) {
      this.seen = key;
      this.since.restart();
    }
    // A lock is often over at the next look.
    if (this.told !== key && wait.waited >= 1) {
      this.told = key;
      this.options.progress(`${this.options.name} waits for ${describeBlocker(wait)}; ${this.howToEnd()}`);
    }
    // Writers queue behind a lock, but not behind the making of a replication slot.
    if (wait.kind !== "walsender") {
      return wait.waited >= LOCKED_SECONDS && wait.node !== COORDINATOR ? new MoveLocked() : undefined;
    }
    const waited = Math.max(this.since.seconds, wait.waited);
    if (waited < this.options.blockedTimeout) return undefined;
    return new Failure(
      `moving ${this.options.name} was given up after waiting ${formatDuration(waited)} for ${describeBlocker(wait)}`,
      advise`${this.howToEnd()}; then ${AGAIN}: it resumes where it stopped (PGDIST_BLOCKED_TIMEOUT, in seconds, makes it wait longer)`,
    );
  }

  /** For a sentence; empty where nobody is waited for. */
  howToEnd(): string {
    if (this.blocker === undefined) return "";
    const { blocking } = this.blocker;
    const node = this.options.members.find(({ label }) => label === blocking.node);
    const endpoint = node === undefined || node.groupid === COORDINATOR_GROUP ? undefined : node.endpoint;
    return `end it in SQL ${sqlToEnd(blocking, endpoint)}`;
  }

  private applyFailure(count: number): Failure {
    const { name, target, environment } = this.options;
    return new Failure(
      `moving ${name} was given up: ${target.label} can't apply the writes made meanwhile (it failed ${count} times)`,
      advise`the server's log says why: ${commandIn({ environment }, "logs", target.label, "--grep", "ERROR")}; then ${AGAIN},
        or move it while its writes wait: PGDIST_SHARD_TRANSFER_MODE=block_writes`,
    );
  }
}
