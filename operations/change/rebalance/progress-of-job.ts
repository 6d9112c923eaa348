import type { Session } from "../../cluster/connection/session";
import { wasCanceled, withStatementTimeout } from "../../cluster/connection/statement-timeout";
import { type Job, type Task, failingTask } from "./job";
import type { Amount } from "../../cluster/shards/amount";
import { shardSizesJson } from "../../cluster/shards/shard-sizes";

/** Shards that move as one, by one of them. */
export interface MovingGroup {
  readonly shards: number;
  readonly bytes: number;
  readonly tables: readonly string[];
}

/** A task that works now. */
export interface RunningTask {
  readonly task: Task;
  readonly group: MovingGroup;
  /** Bytes that are on the target already; absent while the servers don't say it in time. */
  readonly copied?: number;
  /** What Citus says it is doing, e.g. `Copying Data`, `Catching Up`. */
  readonly phase: string;
}

/** How far a rebalance is. */
export interface JobProgress {
  readonly job: Job;
  readonly total: Amount;
  readonly done: Amount;
  readonly running: readonly RunningTask[];
  readonly failing?: Task;
}

/** Instead of a phase, which Citus tells together with the sizes. */
export const SIZE_UNKNOWN = "size unknown now";

/** Of the copy of reference tables, which moves no shard of its own. */
const NO_GROUP: MovingGroup = { shards: 0, bytes: 0, tables: [] };

/** Sizes of all the groups that a job moves, before or after they moved. */
export async function readGroups(session: Session, job: Job): Promise<Map<string, MovingGroup>> {
  const shardids = job.tasks.flatMap(({ shardid }) => shardid ?? []);
  const rows = await session.query<{ shardid: string; shards: number; bytes: string; tables: string[] }>(
    `SELECT m.shardid::text, count(*)::int AS shards, coalesce(sum(z.value::bigint), 0)::text AS bytes,
            array_agg(s.logicalrelid::text ORDER BY s.shardid = m.shardid DESC, s.shardid) AS tables
       FROM unnest($1::bigint[]) m(shardid)
       JOIN pg_dist_shard moved ON moved.shardid = m.shardid
       JOIN pg_dist_partition mt ON mt.logicalrelid = moved.logicalrelid
       JOIN pg_dist_shard s ON s.shardid = m.shardid OR s.shardminvalue IS NOT DISTINCT FROM moved.shardminvalue
       JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid
        AND (s.shardid = m.shardid OR (mt.colocationid <> 0 AND t.colocationid = mt.colocationid))
       LEFT JOIN json_each_text($2::json) z ON z.key = s.shardid::text
      GROUP BY 1`,
    [shardids, await shardSizesJson(session)],
  );
  return new Map(
    rows.map(({ shardid, shards, bytes, tables }) => [shardid, { shards, bytes: Number(bytes), tables }]),
  );
}

/**
 * Where a job stands, the moves that are amid their copy included.
 *
 * @param before how it stood when whoever asks began to look at it
 */
export async function measureJob(
  session: Session,
  job: Job,
  groups: ReadonlyMap<string, MovingGroup>,
  before?: Job,
): Promise<JobProgress> {
  const groupOf = ({ shardid }: Task) =>
    (shardid === undefined ? undefined : groups.get(shardid)) ?? NO_GROUP;
  const working = job.tasks.filter(({ status }) => status === "running");
  const copies = working.length === 0 ? [] : await readCopies(session);
  const running = working.map((task): RunningTask => {
    const group = groupOf(task);
    // That the limit was reached says nothing of the servers: a busy one only takes longer.
    if (copies === undefined) return { task, group, phase: SIZE_UNKNOWN };
    const copy = copies.find(({ pid }) => pid === task.pid);
    // The target's indexes may make it larger than the source.
    const copied = Math.min(Number(copy?.copied ?? 0), group.bytes);
    return { task, group, copied, phase: copy?.phase ?? "starting" };
  });
  return {
    job,
    total: amountOf(job.tasks.map(groupOf)),
    done: amountOf(job.tasks.filter(({ status }) => status === "done").map(groupOf)),
    running,
    failing: failingTask(job, before),
  };
}

/** How long the servers of the moves are waited for at one look, in milliseconds: the states of the tasks count more. */
const COPIES_MS = 3000;

/** Undefined where a server doesn't say in time how much it has. */
async function readCopies(session: Session): Promise<Copy[] | undefined> {
  const sql = `SELECT sessionid AS pid, coalesce(sum(target_shard_size), 0)::text AS copied, min(status) AS phase
                 FROM get_rebalance_progress() GROUP BY 1`;
  try {
    return await withStatementTimeout(session, COPIES_MS, () => session.query<Copy>(sql));
  } catch (error) {
    if (wasCanceled(error)) return undefined;
    throw error;
  }
}

interface Copy {
  /** Of the backend that moves. */
  readonly pid: number;
  readonly copied: string;
  readonly phase: string;
}

export function amountOf(groups: readonly MovingGroup[]): Amount {
  return {
    shards: groups.reduce((sum, { shards }) => sum + shards, 0),
    bytes: groups.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Bytes that are moved, those of moves that aren't finished included; undefined while those are unknown. */
export function bytesMoved({ done, running }: JobProgress): number | undefined {
  return running.reduce<number | undefined>(
    (sum, { copied }) => (sum === undefined || copied === undefined ? undefined : sum + copied),
    done.bytes,
  );
}
