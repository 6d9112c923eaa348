import type { Cluster } from "../../../model/cluster";
import { Stopwatch } from "../../base/stopwatch";
import { readTransferMode } from "../../cluster/shards/transfer-mode";
import { Failure, oneLine } from "../../base/failure";
import { interruptible } from "../../cluster/connection/interrupt";
import { remedyForJob } from "../../cluster/moving/explain-move";
import type { Progress } from "../../base/progress";
import { clearRebalanceDue, readRebalanceDue } from "../../cluster/nodes/recorded";
import { remedyForWords } from "../../cluster/nodes/node-failure";
import type { Session } from "../../cluster/connection/session";
import { awaitJob, stopJob } from "./await-job";
import { dropOldCopies } from "./drop-old-copies";
import { messageOf, runningJob, startJob, workOf } from "./job";
import { type Amount, formatAmount } from "../../cluster/shards/amount";
import { JobLines, amountOfMoves } from "./lines";
import { findObstacles } from "./obstacles";
import { type PlannedMove, planRebalance } from "./plan";
import type { JobProgress } from "./progress-of-job";
import { AGAIN, type Remedy, advise, commandIn } from "../../base/remedy";

export interface AfterAddingOptions {
  /** Ids of the workers that were added just now. */
  readonly added: readonly string[];
  readonly progress: Progress;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * What the environment wants done with the shards once workers were added: `manual` says what would move,
 * `after-adding` moves it. Workers whose rebalance is due stay marked in the record until it is finished, so that a run
 * that failed or was killed is made up for by the next one.
 *
 * @returns what was moved
 * @throws Failure with the reason of the first move that failed; the workers stay registered
 */
export async function rebalanceAfterAdding(
  session: Session,
  cluster: Cluster,
  options: AfterAddingOptions,
): Promise<Amount> {
  const due = await readRebalanceDue(session);
  if (cluster.rebalance === "after-adding")
    return due.length > 0 ? rebalanceNow(session, cluster, due, options) : NOTHING;
  // The environment was edited since: nothing is owed any more.
  await clearRebalanceDue(session, due);
  if (options.added.length > 0 || due.length > 0) await sayWhatWouldMove(session, cluster, options.progress);
  return NOTHING;
}

const NOTHING: Amount = { shards: 0, bytes: 0 };

/** An apply that added workers doesn't fail for want of an advice. */
async function sayWhatWouldMove(session: Session, cluster: Cluster, progress: Progress): Promise<void> {
  const command = commandIn(cluster, "rebalance", "start");
  const job = await runningJob(session);
  if (job !== undefined) {
    progress(
      advise`rebalance ${job} is running: it was planned without the new workers; when it is over, ${command}`,
    );
    return;
  }
  let moves: PlannedMove[];
  try {
    moves = await planRebalance(session);
  } catch (error) {
    progress(
      advise`Citus can't plan a rebalance: ${session.redact(oneLine(error))}; to try again: ${command}`,
    );
    return;
  }
  if (moves.length === 0) return;
  progress(
    advise`no shard was moved; a rebalance would move ${formatAmount(amountOfMoves(moves))} online: ${command}`,
  );
  for (const { what, remedy } of await findObstacles(session, cluster, moves, "auto"))
    progress(advise`before that: ${what}: ${remedy}`);
}

async function rebalanceNow(
  session: Session,
  cluster: Cluster,
  due: readonly string[],
  { progress, env }: AfterAddingOptions,
): Promise<Amount> {
  const mode = readTransferMode(env);
  await awaitOther(session, cluster, progress);
  const moves = await planned(session, cluster, due);
  const problems = await findObstacles(session, cluster, moves, mode);
  const [first] = problems;
  if (first !== undefined) {
    throw new Failure(`${workersOf(due)} added, but no shard was moved: ${first.what}`, again(first.remedy), {
      detail: problems.map(({ what, remedy }) => advise`${what}: ${remedy}`),
    });
  }
  if (moves.length > 0) progress(`rebalancing: moving ${formatAmount(amountOfMoves(moves))}`);
  const job = await startJob(session, mode, cluster);
  let moved = NOTHING;
  if (job === undefined) {
    // Of a job that was awaited, or ended while nobody looked.
    await dropCopies(session, progress);
    progress("rebalancing: nothing to move");
  } else {
    moved = await attend(session, job, { cluster, due, progress });
  }
  await clearRebalanceDue(session, due);
  return moved;
}

/** Somebody's, or that of a run of ours which was killed. */
async function awaitOther(session: Session, cluster: Cluster, progress: Progress): Promise<void> {
  const job = await runningJob(session);
  if (job === undefined) return;
  progress(`rebalance ${job} is running already: waiting for it`);
  const lines = new JobLines(progress);
  const end = await interruptible(session, (signal) =>
    awaitJob(session, job, { show: (state) => lines.show(state), signal }),
  );
  if (end.failing !== undefined) {
    throw new Failure(
      `rebalance ${job}, which was running already: ${workOf(end.failing)} fails: ${messageOf(end.failing)}`,
      advise`${await remedyForJob(messageOf(end.failing), session, cluster)}; SELECT citus_rebalance_stop() on the coordinator ends its
        tries; then ${AGAIN}: the new workers get their shards then`,
    );
  }
}

/** An interrupt cancels it: what this apply began ends with it. A killed run's job goes on, and the next run awaits it. */
async function attend(
  session: Session,
  job: string,
  {
    cluster,
    due,
    progress,
  }: { readonly cluster: Cluster; readonly due: readonly string[]; readonly progress: Progress },
): Promise<Amount> {
  const watch = new Stopwatch();
  const lines = new JobLines(progress);
  let end: JobProgress;
  try {
    end = await interruptible(session, (signal) =>
      awaitJob(session, job, { show: (state) => lines.show(state), signal }),
    );
  } catch (error) {
    // The first error is the one that counts, also when the connection is gone.
    await stopJob(session, job).then(
      () => progress(`rebalance ${job} is cancelled: what was moved stays there`),
      () => progress(`rebalance ${job} goes on: the next apply waits for it`),
    );
    throw error;
  }
  const { failing } = end;
  if (failing !== undefined) {
    await stopJob(session, job);
    throw new Failure(
      `${workersOf(due)} added, but the rebalance failed and is cancelled: ${workOf(failing)}: ${messageOf(failing)}`,
      advise`${await remedyForJob(messageOf(failing), session, cluster)}; then ${AGAIN}: what was moved stays there, the rest moves`,
    );
  }
  if (end.job.state !== "finished") {
    throw new Failure(
      `${workersOf(due)} added, but rebalance ${job} was ${end.job.state} by someone else`,
      advise`${AGAIN} to resume it, or set rebalance: "manual" in the environment`,
    );
  }
  const seconds = Math.round(watch.seconds);
  await dropCopies(session, progress);
  progress(`rebalanced: ${formatAmount(end.total)} moved in ${seconds} s`);
  return end.total;
}

function dropCopies(session: Session, progress: Progress): Promise<void> {
  return interruptible(session, (signal) => dropOldCopies(session, progress, signal));
}

async function planned(session: Session, cluster: Cluster, due: readonly string[]): Promise<PlannedMove[]> {
  try {
    return await planRebalance(session);
  } catch (error) {
    if (error instanceof Failure) {
      const { summary, remedy, detail } = error;
      throw new Failure(`${workersOf(due)} added, but ${summary}`, again(remedy), { detail, cause: error });
    }
    throw new Failure(
      `${workersOf(due)} added, but Citus can't plan a rebalance: ${session.redact(oneLine(error))}`,
      advise`${remedyForWords(session.redact(oneLine(error)), cluster)}; then ${AGAIN}`,
      { cause: error },
    );
  }
}

function workersOf(due: readonly string[]): string {
  return `${due.join(", ")} ${due.length === 1 ? "was" : "were"}`;
}

function again(remedy: Remedy): Remedy {
  return advise`${remedy}; then ${AGAIN}`;
}
