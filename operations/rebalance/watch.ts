import type { Changing } from "../commands/change-command";
import { printJson, printLines } from "../commands/output";
import { EXIT, type ExitCode, Failure } from "../failure";
import { awaitJob } from "./await-job";
import { messageOf } from "./job";
import { JobBars } from "./job-bars";
import type { JobView } from "./job-view";
import { JobLines, countStates, formatAmount } from "./lines";
import type { JobProgress } from "./progress-of-job";

/** The reason for which a person's Ctrl-C ends a watch. */
const LEFT = Symbol("left");

/**
 * Shows a job until it is over, its first task fails, or Ctrl-C. The job itself is left alone.
 *
 * @throws Failure with the message of the task that failed
 */
export async function watchJob(target: Changing, id: string, json: boolean): Promise<ExitCode> {
  const { session, cluster } = target;
  const view = createView(target, json);
  const leaving = new AbortController();
  const leave = () => leaving.abort(LEFT);
  process.once("SIGINT", leave);
  let end: JobProgress | undefined;
  try {
    end = await awaitJob(session, id, { show: (progress) => view.show(progress), signal: leaving.signal });
  } catch (error) {
    if (error !== LEFT) throw error;
  } finally {
    process.off("SIGINT", leave);
    view.end();
  }
  const command = `npx pg-dist rebalance ${cluster.environment}`;
  if (end === undefined) {
    printLines([`Rebalance ${id} goes on. To see it again: ${command} watch`]);
    return EXIT.ok;
  }
  if (json) printJson("rebalance watch", { environment: cluster.environment, job: describeEnd(end) });
  if (end.failing !== undefined) {
    if (json) return EXIT.failed;
    throw new Failure(
      `rebalance ${id}: moving shard ${end.failing.shardid} fails: ${messageOf(end.failing)}`,
      `Citus tries it again for about half an hour; see to the cause, or: ${command} stop`,
    );
  }
  if (!json) printLines([`Rebalance ${id} is ${end.job.state}: ${formatAmount(end.done)} moved.`]);
  return end.job.state === "finished" ? EXIT.ok : EXIT.failed;
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
        : { task: failing.id, shardid: failing.shardid ?? null, message: messageOf(failing) },
  };
}
