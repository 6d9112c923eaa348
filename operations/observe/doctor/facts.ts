import { PREPARED_AGE } from "../thresholds";
import type { RegisteredNode } from "../../cluster/nodes/registered";
import type { Identities } from "../../cluster/nodes/view";
import { DRAINING, MOVING } from "../status/moves";

/** What a PostgreSQL server says of itself, with or without Citus. */
export interface PostgresFacts {
  readonly postgres: string;
  readonly major: number;
  readonly in_recovery: boolean;
  readonly read_only: boolean;
  /** Version of the extension's catalog; null without the extension. */
  readonly extension: string | null;
  readonly connections: number;
  /** By name, as `SHOW` prints them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Names of Citus' prepared transactions that are older than `PREPARED_AGE`, where a commit takes milliseconds. */
  readonly prepared: readonly string[];
  /** Replication slots that nobody uses, each with the WAL that it keeps, in bytes. */
  readonly slots: readonly { readonly name: string; readonly bytes: number }[];
}

/** What only a server with a working Citus can say. */
export interface CitusFacts {
  readonly groupid: number;
  readonly server_id: string;
  /** Version of the loaded library, e.g. 13.0.3. */
  readonly library: string;
  /** Catalog version that the library wants, e.g. 13.0-1. */
  readonly wanted: string;
  /** Whether pg_dist_authinfo holds the cluster's password. */
  readonly credentials: "stored" | "other" | "none";
  /** Tables of people that are not of Citus. */
  readonly tables: number;
}

/** What the coordinator has registered. */
export interface CoordinatorFacts {
  readonly nodes: readonly RegisteredRow[];
  readonly record: readonly RecordedRow[];
  /** What those say that aren't recorded. @default nothing */
  readonly said?: Identities;
  /** Rows of pg_dist_cleanup: what is left over of moves on registered nodes. */
  readonly orphans: number;
  /** Rows of pg_dist_cleanup of nodes that are gone: Citus never clears them away. */
  readonly deadOrphans: number;
  /** Shards move just now: then what has the name of a move is in use. */
  readonly moving: boolean;
  /** A drain or a removal of ours is at work, whose marks of leaving are no fault then. */
  readonly draining: boolean;
}

export type RegisteredRow = Omit<RegisteredNode, "endpoint"> & {
  readonly host: string;
  readonly port: number;
  readonly placements: number;
};

/** A row of pgdist.node. */
export interface RecordedRow {
  readonly id: string;
  readonly nodeid: number;
  readonly server_id: string;
  readonly leaving: string | null;
}

const SETTINGS = [
  "shared_preload_libraries",
  "wal_level",
  "max_connections",
  "max_prepared_transactions",
  "max_worker_processes",
  "max_wal_senders",
  "max_replication_slots",
  "ssl",
  "cluster_name",
  "data_checksums",
] as const;

/** Needs no Citus, so that it also answers where Citus is what is broken. One row with one column of JSON. */
export const POSTGRES_FACTS = `SELECT json_build_object(
  'postgres', split_part(current_setting('server_version'), ' ', 1),
  'major', current_setting('server_version_num')::int / 10000,
  'in_recovery', pg_is_in_recovery(),
  'read_only', current_setting('default_transaction_read_only') = 'on',
  'extension', (SELECT extversion FROM pg_extension WHERE extname = 'citus'),
  'connections', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  'settings', json_build_object(${SETTINGS.map((name) => `'${name}', current_setting('${name}')`).join(", ")}),
  'prepared', (SELECT coalesce(json_agg(gid ORDER BY prepared), '[]') FROM pg_prepared_xacts
                WHERE database = current_database() AND gid LIKE 'citus\\_%' AND prepared < now() - interval '${PREPARED_AGE.citus} seconds'),
  'slots', (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'bytes',
                     pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn))), '[]')
              FROM pg_replication_slots
             WHERE NOT pg_is_in_recovery() AND NOT active AND NOT temporary AND restart_lsn IS NOT NULL
               AND (slot_name !~ '^citus_shard_(move|split)_' OR database = current_database())))`;

/** As {@link CitusFacts}, but with the stored credentials themselves, which are compared and forgotten. */
export const CITUS_FACTS = `SELECT json_build_object(
  'groupid', (SELECT groupid FROM pg_dist_local_group),
  'server_id', (SELECT metadata->>'server_id' FROM pg_dist_node_metadata),
  'library', current_setting('citus.version'),
  'wanted', (SELECT default_version FROM pg_available_extensions WHERE name = 'citus'),
  'authinfo', (SELECT authinfo FROM pg_dist_authinfo WHERE nodeid = 0 AND rolename = current_user),
  'tables', (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
                AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgdist')
                AND NOT EXISTS (SELECT 1 FROM pg_depend d
                                 WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')))`;

/** One of our clusters has the table `pgdist.node`; one that was made otherwise has not. */
export const RECORD_EXISTS = "SELECT to_regclass('pgdist.node') IS NOT NULL";

export const REGISTERED_FACTS = `SELECT json_build_object(
  'nodes', (SELECT coalesce(json_agg(json_build_object(
              'nodeid', nodeid, 'groupid', groupid, 'noderole', noderole, 'host', nodename, 'port', nodeport, 'isactive', isactive,
              'metadatasynced', metadatasynced, 'shouldhaveshards', shouldhaveshards,
              'placements', (SELECT count(*) FROM pg_dist_placement p WHERE p.groupid = n.groupid)) ORDER BY groupid), '[]')
              FROM pg_dist_node n WHERE noderole = 'primary'),
  'orphans', (SELECT count(*) FROM pg_dist_cleanup WHERE node_group_id IN (SELECT groupid FROM pg_dist_node)),
  'deadOrphans', (SELECT count(*) FROM pg_dist_cleanup WHERE node_group_id NOT IN (SELECT groupid FROM pg_dist_node)),
  'moving', ${MOVING},
  'draining', ${DRAINING})`;

/** Rows of {@link RecordedRow}. */
export const RECORD = `SELECT coalesce(json_agg(json_build_object(
  'id', id, 'nodeid', nodeid, 'server_id', server_id, 'leaving', leaving)), '[]') FROM pgdist.node`;
