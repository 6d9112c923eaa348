import type { Session } from "../../cluster/connection/session";
import type { Party } from "../../cluster/waits/lock-waits";

/** A transaction that keeps everybody else from one of the distributed tables: ALTER TABLE, DROP, TRUNCATE. */
export interface TableHolder {
  readonly table: string;
  readonly blocking: Party;
}

const HOLDERS = `SELECT l.relation::regclass::text AS table, coalesce(g.global_pid, 0)::text AS gpid, coalesce(l.pid, 0) AS pid,
       coalesce(a.datname, p.database, '') AS database, coalesce(a.usename, '') AS user,
       coalesce(a.application_name, '') AS application,
       CASE WHEN p.gid IS NULL THEN coalesce(a.state, 'no client') ELSE 'prepared' END AS state,
       coalesce(extract(epoch FROM clock_timestamp()
         - coalesce(p.prepared, CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END)), 0)::int AS since,
       coalesce(a.query, '') AS query, p.gid
  FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  LEFT JOIN get_all_active_transactions() g ON g.process_id = l.pid
  LEFT JOIN pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid'
        AND x.virtualtransaction = l.virtualtransaction
  LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
 WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND l.relation IN (SELECT logicalrelid FROM pg_dist_partition)
 ORDER BY since DESC LIMIT 1`;

/** Who holds one of the distributed tables on this server now, the longest one; undefined where nobody does any more. */
export async function findTableHolder(session: Session): Promise<TableHolder | undefined> {
  const [row] = await session.query<{ table: string; gpid: string } & Omit<Party, "node" | "gpid">>(HOLDERS);
  if (row === undefined) return undefined;
  const { table, gpid, ...party } = row;
  return { table, blocking: { ...party, gpid: Number(gpid), node: "the coordinator" } };
}
