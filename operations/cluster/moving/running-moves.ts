import type { Session } from "../connection/session";

/**
 * Who moves shards of this database now, each in words: background jobs of Citus, and sessions that move by themselves, as
 * those of this program.
 */
export async function readRunningMoves(session: Session): Promise<string[]> {
  const jobs = await session.query<{ text: string }>(
    `SELECT format('background job %s is %s (%s)', job_id, state, description) AS text FROM pg_dist_background_job
      WHERE job_type = 'rebalance' AND state IN ('scheduled', 'running', 'cancelling', 'failing') ORDER BY job_id`,
  );
  const backends = await session.query<{ text: string }>(
    `SELECT DISTINCT format('process %s %ss shards (%s, since %s)', a.pid, p.operation_type,
                   coalesce(nullif(a.application_name, ''), a.backend_type),
                   to_char(a.query_start, 'HH24:MI:SS TZ')) AS text
       FROM get_rebalance_progress() p JOIN pg_stat_activity a ON a.pid = p.sessionid`,
  );
  return [...jobs, ...backends].map(({ text }) => text);
}
