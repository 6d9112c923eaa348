import type { Session } from "../../cluster/connection/session";
import type { Experience } from "./estimate";
import { amountOf, readGroups } from "./progress-of-job";
import { readJob } from "./job";

/** The newest rebalance that was finished, with the sizes that its shards have now. */
export async function lastFinished(session: Session): Promise<Experience | undefined> {
  const [row] = await session.query<{ id: string; seconds: number }>(
    `SELECT job_id::text AS id, extract(epoch FROM finished_at - started_at)::float8 AS seconds
       FROM pg_dist_background_job
      WHERE job_type = 'rebalance' AND state = 'finished' AND started_at IS NOT NULL AND finished_at IS NOT NULL
      ORDER BY job_id DESC LIMIT 1`,
  );
  if (row === undefined) return undefined;
  const groups = [...(await readGroups(session, await readJob(session, row.id))).values()];
  return { moves: groups.length, bytes: amountOf(groups).bytes, seconds: row.seconds };
}
