import type { TransferMode } from "../../cluster/shards/transfer-mode";
import { Failure, oneLine } from "../../base/failure";
import { type KnownNodes, remedyForWords } from "../../cluster/nodes/node-failure";
import type { Session } from "../../cluster/connection/session";
import { sqlStateOf } from "../../cluster/connection/sqlstate";
import { withTablesKept } from "./with-tables-kept";
import { AGAIN, advise } from "../../base/remedy";

/** A rebalance that runs in Citus' background, by `pg_dist_background_job`. */
export interface Job {
  readonly id: string;
  /** scheduled, running, finished, cancelling, cancelled, failing or failed. */
  readonly state: string;
  readonly tasks: readonly Task[];
}

/** One move of a job. */
export interface Task {
  readonly id: string;
  /** blocked, runnable, running, cancelling, done, error, unscheduled or cancelled. */
  readonly status: string;
  /** Shard that it moves with those colocated; absent for the copy of reference tables. */
  readonly shardid?: string;
  readonly target?: number;
  /** Of the backend that works on it. */
  readonly pid?: number;
  /** How often it failed; Citus 13 tries a task 32 times within about half an hour. */
  readonly retries: number;
  /** The last error, or what a task that is done answered. */
  readonly message: string;
}

/** States in which a job changes nothing any more. */
export function isOver({ state }: Job): boolean {
  return state === "finished" || state === "cancelled" || state === "failed";
}

/** @throws Failure when the coordinator knows no such job */
export async function readJob(session: Session, id: string): Promise<Job> {
  const [job] = await session.query<{ state: string }>(
    "SELECT state::text FROM pg_dist_background_job WHERE job_id = $1",
    [id],
  );
  if (job === undefined) throw new Failure(`background job ${id} is gone`, "see pg_dist_background_job");
  const tasks = await session.query<TaskRow>(
    `SELECT task_id::text AS id, status::text, command, pid, coalesce(retry_count, 0) AS retries,
            coalesce(message, '') AS message
       FROM pg_dist_background_task WHERE job_id = $1 ORDER BY task_id`,
    [id],
  );
  return { id, state: job.state, tasks: tasks.map(describeTask) };
}

interface TaskRow {
  readonly id: string;
  readonly status: string;
  readonly command: string;
  readonly pid: number | null;
  readonly retries: number;
  readonly message: string;
}

function describeTask({ command, pid, ...task }: TaskRow): Task {
  const move = /citus_move_shard_placement\((\d+),\s*\d+,\s*(\d+)/.exec(command);
  return {
    ...task,
    ...(pid === null ? {} : { pid }),
    ...(move === null ? {} : { shardid: move[1], target: Number(move[2]) }),
  };
}

/** The rebalance that is not over yet. */
export async function runningJob(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ id: string }>(
    `SELECT job_id::text AS id FROM pg_dist_background_job
      WHERE job_type = 'rebalance' AND state IN ('scheduled', 'running', 'cancelling', 'failing') ORDER BY job_id LIMIT 1`,
  );
  return row?.id;
}

/**
 * Starts a rebalance in the background.
 *
 * @returns its job; undefined where nothing is to be moved
 * @throws Failure with Citus' reason
 */
export async function startJob(
  session: Session,
  mode: TransferMode,
  cluster: KnownNodes,
): Promise<string | undefined> {
  try {
    // Citus plans it here and now; only the moves come later.
    const [row] = await withTablesKept(session, () =>
      session.query<{ id: string | null }>(
        "SELECT citus_rebalance_start(shard_transfer_mode := $1::citus.shard_transfer_mode)::text AS id",
        [mode],
      ),
    );
    return row?.id ?? undefined;
  } catch (error) {
    if (sqlStateOf(error) === undefined) throw error;
    const { hint } = error as { hint?: string };
    throw new Failure(
      `the rebalance could not be started: ${oneLine(error)}`,
      hint === undefined ? advise`${remedyForWords(oneLine(error), cluster)}, then ${AGAIN}` : oneLine(hint),
      { cause: error },
    );
  }
}

/** Stops a job: what was moved stays where it is now, the move that runs is rolled back. Harmless once it is over. */
export async function cancelJob(session: Session, id: string): Promise<void> {
  await session.query("SELECT citus_job_cancel($1::bigint)", [id]);
}

/**
 * The task that failed, as soon as it did for the first time: Citus itself goes on trying. One that is being tried again
 * counts only if it failed since `before`: its cause may be repaired by now.
 *
 * @param before the job as it was when whoever asks began to look at it
 */
export function failingTask({ tasks }: Job, before?: Job): Task | undefined {
  return tasks.find(({ id, status, retries }) => {
    if (status === "error") return true;
    if (retries === 0 || status === "done" || status === "cancelled") return false;
    const known = before?.tasks.find((task) => task.id === id)?.retries ?? 0;
    return status !== "running" || (before !== undefined && retries > known);
  });
}

/** What a task does, for a sentence: `moving shard 102008`. */
export function workOf({ shardid }: Task): string {
  return shardid === undefined ? "copying the reference tables" : `moving shard ${shardid}`;
}

/** What a failed task says, without the part that names Citus' own queue. */
export function messageOf({ message }: Task): string {
  const text = message.replace(/\n?CONTEXT:\s+Citus Background Task Queue Executor[\s\S]*$/, "");
  return oneLine(text.replace(/^ERROR:\s+/, "")) || "no message";
}
