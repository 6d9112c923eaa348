import type { Connected } from "../commands/target";
import { type Asked, askAll } from "./ask-all";

/** One server process with a client, or another node, at its other end. */
export interface Activity {
  readonly node: string;
  readonly pid: number;
  /** Of the distributed transaction: its node id and process id; 0 where Citus gave none yet. */
  readonly gpid: number;
  /** A connection from another node. */
  readonly internal: boolean;
  readonly user: string;
  readonly application: string;
  /** As in pg_stat_activity: active, idle, idle in transaction, ... */
  readonly state: string;
  /** e.g. `Lock: relation`; null where it doesn't wait. */
  readonly wait: string | null;
  /** Seconds that the statement runs; of one that waits for its client, since it began to wait. */
  readonly age: number;
  /** Seconds that it waits for a lock so far; null where it waits for none. */
  readonly waited: number | null;
  readonly query: string;
  /** Processes of this node that it waits for. */
  readonly blockers: readonly number[];
}

type Row = Omit<Activity, "node">;

/**
 * As the view citus_stat_activity, which gives no answer at all where a node gives none. Without the sessions of this very
 * command, which all have one name: it may have lost its process id, since PostgreSQL keeps the first 63 bytes. On a
 * node it is Citus' name for a command of another node, whoever sent it.
 *
 * For a moment a wait has no start yet.
 */
const ACTIVITY = `SELECT coalesce(json_agg(t), '[]')::text FROM (
  SELECT a.pid, coalesce(g.global_pid, 0) AS gpid, coalesce(g.worker_query, false) AS internal,
         coalesce(a.usename, '') AS user, a.application_name AS application, coalesce(a.state, '') AS state,
         CASE WHEN a.state = 'active' AND a.wait_event IS NOT NULL
              THEN concat(a.wait_event_type, ': ', a.wait_event) END AS wait,
         greatest(extract(epoch FROM clock_timestamp() -
           CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END), 0)::bigint AS age,
         CASE WHEN a.wait_event_type = 'Lock'
              THEN coalesce(greatest(extract(epoch FROM clock_timestamp() - w.since), 0), 0)::bigint END AS waited,
         left(a.query, 1000) AS query,
         CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END AS blockers
    FROM pg_stat_activity a LEFT JOIN get_all_active_transactions() g ON g.process_id = a.pid
    LEFT JOIN (SELECT pid, min(waitstart) AS since FROM pg_locks WHERE NOT granted GROUP BY pid) w ON w.pid = a.pid
   WHERE a.backend_type = 'client backend' AND a.datname = current_database() AND a.pid <> pg_backend_pid()
     AND NOT (a.application_name LIKE 'pg-dist %' AND a.application_name = current_setting('application_name'))
     AND a.application_name NOT LIKE 'citus_run_command_gpid=%') t`;

/** The longest first. */
export async function readActivity(
  target: Connected,
): Promise<{ asked: Asked<Row[]>[]; activity: Activity[] }> {
  const asked = await askAll<Row[]>(target, ACTIVITY);
  const activity = asked
    .flatMap(({ label, value }) => (value ?? []).map((row) => ({ node: label, ...row })))
    .sort((a, b) => b.age - a.age || a.gpid - b.gpid);
  return { asked, activity };
}
