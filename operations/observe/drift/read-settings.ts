import type { Connected } from "../../cluster/connection/target";
import type { Explained } from "../../cluster/nodes/connection-cause";
import { askRegistered } from "../../cluster/nodes/ask-all";
import { COORDINATOR_GROUP } from "../../cluster/nodes/registered";
import { quoteLiteral } from "../../cluster/nodes/run-on-nodes";
import type { Snapshot } from "../status/snapshot";

/** What a server says of its settings, and where each is from. */
export interface NodeSettings {
  readonly settings: readonly ServerSetting[];
  /** Lines of its configuration files, in the order in which they are read. */
  readonly files: readonly FileSetting[];
  /** Lines of its image's postgresql.conf.sample that set something: initdb copies them. */
  readonly sample: readonly string[];
  /** Of ALTER ROLE ... SET and ALTER DATABASE ... SET, in all databases. */
  readonly roles: readonly RoleSetting[];
}

export interface ServerSetting {
  readonly name: string;
  /** What a new session has, as far as nothing is set for its role or its database; in its unit. */
  readonly value: string;
  /** `kB`, `8kB`, `ms`, ...; null where it has none. */
  readonly unit: string | null;
  readonly type: "bool" | "enum" | "integer" | "real" | "string";
  /** When it can be changed: `postmaster` at a start only. */
  readonly context: string;
  /** As pg_settings has it: `command line`, `configuration file`, `default`, `override`, `session`, ... */
  readonly source: string;
  /** The file that it is from. */
  readonly file: string | null;
  /** Changed in a file, and in force only after a restart. */
  readonly pending: boolean;
}

export interface FileSetting {
  readonly file: string;
  readonly line: number;
  /** Null, with an error, for a line that can't be read. */
  readonly name: string | null;
  readonly value: string | null;
  readonly error: string | null;
}

export interface RoleSetting {
  /** Null: in all databases. */
  readonly database: string | null;
  /** Null: for all roles. */
  readonly role: string | null;
  readonly name: string;
  readonly value: string;
}

/** Those that a cluster's nodes must agree in, whatever they are from. */
export const SHARED_SETTINGS = [
  "max_connections",
  "max_prepared_transactions",
  "max_replication_slots",
  "max_wal_senders",
  "max_worker_processes",
  "shared_preload_libraries",
  "wal_level",
];

/**
 * The value of `reset_val` is the server's also where our own session has set it, or Citus has. What a role's or a
 * database's own settings say is in `roles`.
 *
 * @param declared names of declared settings
 */
function settingsQuery(declared: readonly string[]): string {
  const names = [...new Set([...SHARED_SETTINGS, ...declared])].map(quoteLiteral).join(", ");
  return `SELECT json_build_object(
  'settings', (SELECT coalesce(json_agg(json_build_object('name', name, 'value', reset_val, 'unit', unit, 'type', vartype,
       'context', context, 'source', source, 'file', sourcefile, 'pending', pending_restart) ORDER BY name), '[]')
     FROM pg_settings
    WHERE name IN (${names}) OR pending_restart OR source IN ('configuration file', 'command line')),
  'files', (SELECT coalesce(json_agg(json_build_object('file', sourcefile, 'line', sourceline, 'name', name, 'value', setting,
       'error', error) ORDER BY seqno), '[]') FROM pg_file_settings),
  'sample', (SELECT coalesce(json_agg(line), '[]')
     FROM string_to_table(pg_read_file((SELECT setting FROM pg_config WHERE name = 'SHAREDIR') || '/postgresql.conf.sample',
            0, 1000000, true), chr(10)) line
    WHERE line !~ '^[[:space:]]*(#|$)'),
  'roles', (SELECT coalesce(json_agg(json_build_object('database', datname, 'role', rolname,
       'name', split_part(entry, '=', 1), 'value', substr(entry, strpos(entry, '=') + 1)) ORDER BY datname, rolname, entry), '[]')
     FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole,
          LATERAL unnest(s.setconfig) entry))::text AS settings`;
}

/** The settings of each node that answers, or why they can't be read; by label. */
export type SettingsOfNodes = ReadonlyMap<string, NodeSettings | Explained>;

/** @param nodes those that were asked before, and answered */
export async function readSettings(
  target: Connected,
  nodes: Snapshot["nodes"],
  declared: readonly string[],
): Promise<SettingsOfNodes> {
  const asked = nodes.map(({ label, endpoint, registered }) => ({
    ...{ label, endpoint },
    groupid: registered?.groupid ?? COORDINATOR_GROUP,
  }));
  const answers = await askRegistered<NodeSettings>(target, asked, settingsQuery(declared));
  return new Map(
    asked.flatMap(({ label }, index) => {
      const { value, failed } = answers[index] ?? {};
      const answer = value ?? failed;
      return answer === undefined ? [] : [[label, answer]];
    }),
  );
}

/** Rows of pg_dist_node that are no member of their own: standbys, which nothing declares. */
export interface SecondaryNode {
  readonly host: string;
  readonly port: number;
  readonly noderole: string;
}

export function readSecondaries({ session }: Connected): Promise<SecondaryNode[]> {
  return session.query<SecondaryNode>(
    "SELECT nodename AS host, nodeport AS port, noderole::text FROM pg_dist_node WHERE noderole <> 'primary' ORDER BY nodeid",
  );
}
