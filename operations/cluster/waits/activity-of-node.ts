import { isOwnApplication } from "../../../model/contract/application-name";
/** One server process with a client, or another node, at its other end; and any that waits for a lock, or is waited for. */
export interface Activity {
  readonly node: string;
  readonly pid: number;
  /** Of the distributed transaction: its node id and process id; 0 where Citus gave none yet. */
  readonly gpid: number;
  /** A connection from another node. */
  readonly internal: boolean;
  /** As in pg_stat_activity: client backend, walsender, autovacuum worker, ... */
  readonly kind: string;
  /** That the process works in; empty for one that works in none. */
  readonly database: string;
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
  /** Prepared transactions that it waits for, which have no process. */
  readonly prepared: readonly { readonly gid: string; readonly database: string; readonly age: number }[];
}

/** As a node answers: `prepared` is null where it waits for none. */
export type Row = Omit<Activity, "node" | "prepared"> &
  Partial<Record<"prepared", Activity["prepared"] | null>>;

/** Prepared transactions that hold what process `a` waits for: one by its own number, which each of them has locked. */
const PREPARED = `SELECT DISTINCT p.gid, p.database, extract(epoch FROM now() - p.prepared)::bigint AS age
    FROM pg_locks w
    JOIN pg_locks h ON h.pid IS NULL AND h.granted AND (h.locktype, h.database, h.relation, h.page, h.tuple,
           h.transactionid, h.virtualxid, h.classid, h.objid, h.objsubid) IS NOT DISTINCT FROM (w.locktype, w.database,
           w.relation, w.page, w.tuple, w.transactionid, w.virtualxid, w.classid, w.objid, w.objsubid)
    JOIN pg_locks x ON x.pid IS NULL AND x.locktype = 'transactionid' AND x.virtualtransaction = h.virtualtransaction
    JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
   WHERE w.pid = a.pid AND NOT w.granted`;

/**
 * As the view citus_stat_activity, which gives no answer at all where a node gives none. Without the sessions of this very
 * command, which all have one name: it may have lost its process id, since PostgreSQL keeps the first 63 bytes. On a
 * node it is Citus' name for a command of another node, whoever sent it: that is there where it waits for a lock.
 *
 * What waits for a lock, or is waited for, is there whatever it is: a move of shards waits in a walsender, and for
 * transactions of every database of the server. For a moment a wait has no start yet.
 */
export const ACTIVITY = activityOf("a.backend_type = 'client backend' AND a.datname = current_database()");

/** As `ACTIVITY`, only what waits for a lock, or is waited for. */
export const WAITS = activityOf("false");

function activityOf(others: string): string {
  return `WITH waits AS MATERIALIZED (
  SELECT pid, pg_blocking_pids(pid) AS blockers FROM pg_stat_activity WHERE wait_event_type = 'Lock')
SELECT coalesce(json_agg(t), '[]')::text FROM (
  SELECT a.pid, coalesce(g.global_pid, 0) AS gpid, coalesce(g.worker_query, false) AS internal,
         coalesce(a.backend_type, '') AS kind, coalesce(a.datname, '') AS database,
         coalesce(a.usename, '') AS user, a.application_name AS application, coalesce(a.state, '') AS state,
         CASE WHEN b.blockers IS NOT NULL OR a.state = 'active' AND a.wait_event IS NOT NULL
              THEN concat(a.wait_event_type, ': ', a.wait_event) END AS wait,
         greatest(coalesce(extract(epoch FROM clock_timestamp() -
           CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END), 0), 0)::bigint AS age,
         CASE WHEN b.blockers IS NOT NULL
              THEN coalesce(greatest(extract(epoch FROM clock_timestamp() - w.since), 0), 0)::bigint END AS waited,
         left(a.query, 1000) AS query,
         coalesce(b.blockers, '{}') AS blockers,
         CASE WHEN 0 = ANY (b.blockers) THEN (SELECT json_agg(p) FROM (${PREPARED}) p) END AS prepared
    FROM pg_stat_activity a LEFT JOIN get_all_active_transactions() g ON g.process_id = a.pid
    LEFT JOIN waits b ON b.pid = a.pid
    LEFT JOIN (SELECT pid, min(waitstart) AS since FROM pg_locks WHERE NOT granted GROUP BY pid) w ON w.pid = a.pid
   WHERE a.pid <> pg_backend_pid()
     AND (${others} OR b.blockers IS NOT NULL OR a.pid IN (SELECT unnest(blockers) FROM waits))
     AND NOT (${isOwnApplication("a.application_name")} AND a.application_name = current_setting('application_name'))
     AND (b.blockers IS NOT NULL OR a.application_name NOT LIKE 'citus_run_command_gpid=%')) t`;
}

/** The answer of one node, by whatever way it was asked. */
export function parseActivity(node: string, rows: readonly Row[]): Activity[] {
  return rows.map((row) => ({ node, ...row, prepared: row.prepared ?? [] }));
}
