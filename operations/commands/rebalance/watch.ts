import type { Changing } from "../../cli/change-command";
import { remedyForJob } from "../../cluster/moving/explain-move";
import { printJson, printLines } from "../../cli/output";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { INTERRUPTS } from "../../base/interrupts";
import { awaitJob } from "../../change/rebalance/await-job";
import { dropOldCopies } from "../../change/rebalance/drop-old-copies";
import { messageOf, workOf } from "../../change/rebalance/job";
import { JobBars } from "./job-bars";
import type { JobView } from "./job-view";
import { JobLines, countStates } from "../../change/rebalance/lines";
import { formatAmount } from "../../cluster/shards/amount";
import type { JobProgress } from "../../change/rebalance/progress-of-job";
import { advise, commandIn, typed } from "../../base/remedy";

/**
 * Shows a job until it is over, its first task fails, or Ctrl-C. The job itself is left alone.
 *
 * @throws Failure with the message of the task that failed; with JSON also when it is left, as there is no end to print
 */
export async function watchJob(target: Changing, id: string, json: boolean): Promise<ExitCode> {
  const { session, cluster } = target;
  const end = await untilLeft(createView(target, json), (show, signal) =>
    awaitJob(session, id, { show, signal }),
  );
  if (end === undefined) {
    if (json)
      throw new Failure(
        `left rebalance ${id} before it ended: it goes on`,
        advise`${commandIn(cluster, "rebalance", "watch")}`,
      );
    printLines([
      `Rebalance ${id} goes on. To watch it again: ${typed(commandIn(cluster, "rebalance", "watch"))}`,
    ]);
    return EXIT.ok;
  }
  if (end.job.state === "finished") await dropOldCopies(session, target.progress);
  if (json) printJson("rebalance watch", { environment: cluster.environment, job: describeEnd(end) });
  if (end.failing !== undefined) {
    if (json) return EXIT.failed;
    throw new Failure(
      `rebalance ${id}: ${workOf(end.failing)} fails: ${messageOf(end.failing)}`,
      advise`${await remedyForJob(messageOf(end.failing), session, cluster)}; Citus tries it again for about half an hour; or: ${commandIn(cluster, "rebalance", "stop")}`,
    );
  }
  if (!json) printLines([`Rebalance ${id} is ${end.job.state}: ${formatAmount(end.done)} moved.`]);
  return end.job.state === "finished" ? EXIT.ok : EXIT.failed;
}

/**
 * Lets the work show its progress until it ends, or somebody leaves it. Who leaves doesn't wait for an answer of the
 * server: he would interrupt again, and be left with a terminal without a cursor.
 *
 * @returns undefined when it was left
 */
export async function untilLeft<Result>(
  view: JobView,
  work: (show: JobView["show"], signal: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  for (const name of INTERRUPTS) process.on(name, leave);
  const left = new Promise<undefined>((resolve) =>
    leaving.signal.addEventListener("abort", () => resolve(undefined)),
  );
  const working = work((progress) => {
    if (!leaving.signal.aborted) view.show(progress);
  }, leaving.signal);
  try {
    return await Promise.race([working, left]);
  } finally {
    view.end();
    for (const name of INTERRUPTS) process.off(name, leave);
    // Nobody waits for it any more.
    working.catch(() => undefined);
  }
}

function createView({ progress }: Changing, json: boolean): JobView {
  if (json) return { show: () => undefined, end: () => undefined };
  if (process.stdout.isTTY) return new JobBars();
  const lines = new JobLines(progress);
  return { show: (state) => lines.show(state), end: () => undefined };
}

function describeEnd(end: JobProgress): object {
  const { job, done, total, failing } = end;
  return {
    id: job.id,
    state: job.state,
    tasks: countStates(end),
    done,
    total,
    failing:
      failing === undefined
        ? null
        : { task: failing.id, shardId: failing.shardid ?? null, message: messageOf(failing) },
  };
}
