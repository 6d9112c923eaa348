import { type Row, WAITS } from "../waits/activity-of-node";

import { type Thing, ownThings } from "../holdings/database-query";
import { INHERITED_READ_ONLY } from "../connection/session-settings";
import { shardName } from "../shards/shard-name";

/** What a server says of itself, as of now. Sizes in bytes, durations in seconds. */
export interface NodeState {
  /** From pg_dist_local_group: 0 on the coordinator, and on a server that is no worker of any cluster. */
  readonly groupid: number;
  readonly server_id: string;
  /** Version of the loaded library, e.g. 13.0.3. */
  readonly citus: string;
  /** Version of the extension's catalog, e.g. 13.0-1. */
  readonly extension: string;
  /** e.g. 17.12 */
  readonly postgres: string;
  readonly cluster_name: string;
  readonly wal_level: string;
  readonly in_recovery: boolean;
  /** default_transaction_read_only: every transaction that doesn't ask for more can only read. */
  readonly read_only: boolean;
  readonly uptime: number;
  readonly connections: {
    readonly used: number;
    readonly max: number;
    /** Of those, kept for superusers. */
    readonly reserved: number;
  };
  /** Size of this database, whatever is in it. */
  readonly bytes: number;
  /** Of the file system with its data; `forRoot`: with what that keeps for root, which PostgreSQL may not use. */
  readonly disk: { readonly available: number; readonly total: number; readonly forRoot: boolean };
  /** Transactions that were prepared and neither committed nor rolled back. */
  readonly prepared: readonly { readonly gid: string; readonly age: number }[];
  readonly slots: readonly Slot[];
  readonly subscriptions: readonly string[];
  /** Transactions that run for a minute or longer, the longest first, at most five. */
  readonly long: readonly LongTransaction[];
  /** Processes that wait for a lock, and those that they wait for. */
  readonly waits: readonly Row[];
  /** PEM of the server's certificate; null where TLS is off. */
  readonly certificate: string | null;
  /** citus.node_conninfo: how this node connects to the others. */
  readonly node_conninfo: string;
  /** Why WAL archiving fails just now; null where it works or is off. */
  readonly archive_failure: string | null;
  /** Transactions until PostgreSQL stops to prevent a wraparound count from 2^31 down: the oldest one's age. */
  readonly xid_age: number;
  /** Tables of people, counted where the server is in no cluster's group, which is where it matters. */
  readonly table_count: number;
  /** Shards that the node's own metadata places here, and that are not here. */
  readonly missing_shards: readonly string[];
  readonly missing_count: number;
  /** What people made there and no other node has, at most MOST_OWN; of workers. */
  readonly own?: readonly Thing[];
  /** What is installed in the database and whose files the server lacks: `extension geo`, `library $libdir/geo`. */
  readonly lost_files?: readonly string[];
  /** Of the nodes and the placements that its metadata knows; null where that changes while one looks. */
  readonly metadata_digest: string | null;
}

export interface Slot {
  readonly name: string;
  readonly active: boolean;
  /** WAL that is kept because of it; null for one that was never used, which keeps none. */
  readonly retained: number | null;
}

export interface LongTransaction {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  readonly state: string;
  readonly age: number;
  readonly query: string;
}

/** The shards that the node's own metadata places on it, by qualified name. */
export const PLACED_HERE = `SELECT s.shardid, ${shardName()} AS name
  FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid) JOIN pg_class c ON c.oid = s.logicalrelid
 WHERE p.groupid = (SELECT groupid FROM pg_dist_local_group)`;

/** Transactions that are shorter aren't worth a look. In seconds. */
const LONG = 60;

/** Of those, what is not there. */
export const MISSING = `SELECT shardid, name FROM (${PLACED_HERE}) p WHERE name IS NOT NULL AND to_regclass(name) IS NULL`;

/** So many of them are named. */
export const MOST_MISSING = 3;

const TABLES = `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgdist')
    AND NOT EXISTS (SELECT 1 FROM pg_depend d
                     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;

/** More of a worker's own things than this are not counted. */
export const MOST_OWN = 200;

const LOST_FILES = `SELECT 'extension ' || extname AS name FROM pg_extension e
   WHERE NOT EXISTS (SELECT FROM pg_available_extensions a WHERE a.name = e.extname)
  UNION SELECT 'library ' || probin FROM pg_proc,
     LATERAL (SELECT CASE WHEN probin LIKE '/%' THEN probin ELSE (SELECT setting FROM pg_config() WHERE name = 'PKGLIBDIR') || '/'
       || replace(probin, '$libdir/', '') END AS path) p
   WHERE probin LIKE '$libdir/%' AND (pg_stat_file(path || '.so', true)).size IS NULL AND (pg_stat_file(path, true)).size IS NULL`;

/**
 * Of all that Citus keeps the same on every node. Tables that are distributed by append or by range it leaves on the
 * coordinator (ShouldSyncTableMetadata in metadata_sync.c of 13.0.3 to 14.0.1): their placements are on no worker's list.
 */
const DIGEST = `SELECT md5(coalesce(string_agg(entry, ',' ORDER BY entry), ''))
   FROM (SELECT format('%s:%s:%s:%s', nodeid, groupid, nodename, nodeport) AS entry FROM pg_dist_node
         UNION ALL SELECT format('%s@%s', p.shardid, p.groupid)
           FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid) JOIN pg_dist_partition t USING (logicalrelid)
          WHERE t.partmethod IN ('h', 'n')) m`;

const METADATA = `'missing_shards', (SELECT coalesce(json_agg(name), '[]') FROM (${MISSING} ORDER BY shardid LIMIT ${MOST_MISSING}) t),
  'missing_count', (SELECT count(*) FROM (${MISSING}) t),
  'metadata_digest', (${DIGEST})`;

/**
 * One row with one column, as text. It takes no lock that anyone could hold for long: sizes are of files, not of tables,
 * and it names no table of people.
 */
export const NODE_STATE = `SELECT json_build_object(
  'groupid', (SELECT groupid FROM pg_dist_local_group),
  'server_id', (SELECT metadata->>'server_id' FROM pg_dist_node_metadata),
  'citus', current_setting('citus.version'),
  'extension', (SELECT extversion FROM pg_extension WHERE extname = 'citus'),
  'postgres', split_part(current_setting('server_version'), ' ', 1),
  'cluster_name', current_setting('cluster_name'),
  'wal_level', current_setting('wal_level'),
  'in_recovery', pg_is_in_recovery(),
  'read_only', coalesce(nullif(current_setting('${INHERITED_READ_ONLY}', true), ''), current_setting('default_transaction_read_only'))::bool,
  'uptime', extract(epoch FROM now() - pg_postmaster_start_time())::bigint,
  'connections', json_build_object(
     'used', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
     'max', current_setting('max_connections')::int,
     'reserved', current_setting('superuser_reserved_connections')::int),
  'bytes', pg_database_size(current_database()),
  'disk', (SELECT json_build_object('available', available_disk_size, 'total', total_disk_size, 'forRoot', true)
             FROM citus_local_disk_space_stats()),
  'prepared', (SELECT coalesce(json_agg(json_build_object('gid', gid,
                        'age', extract(epoch FROM now() - prepared)::bigint) ORDER BY prepared), '[]')
                 FROM pg_prepared_xacts WHERE database = current_database()),
  'slots', (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'active', active,
                     'retained', pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
                        THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn)) ORDER BY slot_name), '[]')
              FROM pg_replication_slots
             WHERE NOT temporary AND (slot_name !~ '^citus_shard_(move|split)_' OR database = current_database())),
  'subscriptions', (SELECT coalesce(json_agg(subname ORDER BY subname), '[]') FROM pg_subscription s
                     WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())),
  'long', (SELECT coalesce(json_agg(t), '[]') FROM (
     SELECT pid, usename AS user, application_name AS application, state,
            extract(epoch FROM now() - xact_start)::bigint AS age, left(query, 200) AS query
       FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND xact_start < now() - interval '${LONG} s' AND pid <> pg_backend_pid()
      ORDER BY xact_start LIMIT 5) t),
  'waits', (${WAITS})::json,
  'certificate', CASE WHEN current_setting('ssl')::bool
                      THEN pg_read_file(current_setting('ssl_cert_file'), 0, 20000, true) END,
  'node_conninfo', current_setting('citus.node_conninfo'),
  'archive_failure', (SELECT format('%s could not be archived at %s', last_failed_wal, last_failed_time)
                        FROM pg_stat_archiver
                       WHERE current_setting('archive_mode') <> 'off'
                         AND last_failed_time > coalesce(last_archived_time, '-infinity')),
  'xid_age', (SELECT max(age(datfrozenxid)) FROM pg_database),
  'table_count', (SELECT CASE WHEN groupid = 0 THEN (${TABLES}) ELSE 0 END FROM pg_dist_local_group),
  'own', (SELECT CASE WHEN groupid = 0 THEN '[]' ELSE (${ownThings(MOST_OWN)}) END FROM pg_dist_local_group),
  'lost_files', (SELECT coalesce(json_agg(name), '[]') FROM (${LOST_FILES}) t),
  ${METADATA})::text AS state`;

/** Only what a statement that commits just now can make differ between nodes. */
export const NODE_METADATA = `SELECT json_build_object(${METADATA})::text AS state`;
