import type { Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { ownDefinitions } from "../holdings/database-query";
import type { Place } from "../../base/place";
import type { Session } from "../connection/session";
import type { Explained } from "./connection-cause";
import { noExtensionRemedy } from "./no-extension";
import { remedyForWords } from "./node-failure";
import { whyUnreachable } from "./reachability";
import { runOnNodes } from "./run-on-nodes";

/** What a server says of itself. */
export interface NodeFacts {
  /** From pg_dist_local_group: 0 on the coordinator and on a server that is not a worker of any cluster. */
  readonly groupid: number;
  /** Made when Citus was set up in this data directory: two servers with one are copies, or one under two names. */
  readonly server_id: string;
  /** Version of the loaded library, e.g. 13.0.3. */
  readonly citus: string;
  /** Version of the extension's catalog, e.g. 13.0-1. */
  readonly extension: string;
  /** e.g. 17.12 */
  readonly postgres: string;
  readonly major: number;
  readonly wal_level: string;
  /** `<cluster> <node id> <endpoint>` on a server that we started, else usually empty. */
  readonly cluster_name: string;
  readonly in_recovery: boolean;
  /** A test's imitation of Citus, which never goes unsaid. */
  readonly stand_in: boolean;
  /** Tables of people in this database, the first few by name. */
  readonly tables: readonly string[];
  readonly table_count: number;
  /** What else people made there: views, sequences, functions, types, ..., the first few; of a server in no cluster. */
  readonly others?: readonly string[];
  /** Of pg_dist_authinfo for any node and our user. Secret. */
  readonly authinfo: string | null;
  /** Stored password verifier of our user. Secret. */
  readonly verifier: string | null;
  /** Prepared transactions of a coordinator that didn't come back for them. */
  readonly prepared: readonly string[];
}

export type FactsAnswer = { readonly facts: NodeFacts } | { readonly unknown: Explained };

const TABLES = `SELECT format('%I.%I', n.nspname, c.relname) AS name
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgdist')
    AND NOT EXISTS (SELECT 1 FROM pg_depend d
                     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;

const FACTS = `SELECT json_build_object(
  'groupid', (SELECT groupid FROM pg_dist_local_group),
  'server_id', (SELECT metadata->>'server_id' FROM pg_dist_node_metadata),
  'citus', current_setting('citus.version'),
  'extension', (SELECT extversion FROM pg_extension WHERE extname = 'citus'),
  'postgres', split_part(current_setting('server_version'), ' ', 1),
  'major', current_setting('server_version_num')::int / 10000,
  'wal_level', current_setting('wal_level'),
  'cluster_name', current_setting('cluster_name'),
  'in_recovery', pg_is_in_recovery(),
  'stand_in', to_regnamespace('citus_stand_in') IS NOT NULL,
  'tables', (SELECT coalesce(json_agg(name), '[]') FROM (${TABLES} ORDER BY 1 LIMIT 5) t),
  'table_count', (SELECT count(*) FROM (${TABLES}) t),
  'others', (SELECT CASE WHEN groupid <> 0 OR (SELECT count(*) FROM pg_dist_node) > 0 THEN '[]' ELSE (${ownDefinitions(6)}) END FROM pg_dist_local_group),
  'authinfo', (SELECT authinfo FROM pg_dist_authinfo WHERE nodeid = 0 AND rolename = current_user),
  'verifier', (SELECT rolpassword FROM pg_authid WHERE rolname = current_user),
  'prepared', (SELECT coalesce(json_agg(gid), '[]') FROM pg_prepared_xacts
                WHERE starts_with(gid, 'citus_0_') AND database = current_database()))::text`;

/** @throws the server's error, e.g. when the extension is missing */
export async function coordinatorFacts(session: Session): Promise<NodeFacts> {
  const [row] = await session.query<Record<string, string>>(FACTS);
  return JSON.parse(Object.values(row ?? {})[0] ?? "null") as NodeFacts;
}

/** Asks all of the endpoints at once, through the coordinator, and for those that don't answer why. */
export async function nodeFacts(
  session: Session,
  database: string,
  endpoints: readonly Endpoint[],
): Promise<FactsAnswer[]> {
  const answers = await runOnNodes(
    session,
    endpoints,
    endpoints.map(() => FACTS),
  );
  const result: FactsAnswer[] = [];
  for (const [index, answer] of answers.entries()) {
    if ("value" in answer) result.push({ facts: JSON.parse(answer.value ?? "null") as NodeFacts });
    else if (answer.connected)
      result.push({ unknown: explainAnswer(answer.error, endpoints[index] as Endpoint, session.place) });
    else result.push({ unknown: await whyUnreachable(session, endpoints[index] as Endpoint) });
  }
  return result;
}

/**
 * What keeps a node from saying who it is, though it answers.
 *
 * @param error its own words
 * @param at where it is
 */
export function explainAnswer(error: string, at: Endpoint, place: Place): Explained {
  if (/pg_dist_|citus/.test(error) && /does not exist|unrecognized configuration/.test(error)) {
    return {
      what: `database ${place.database} has no Citus extension (${error})`,
      remedy: noExtensionRemedy(place),
    };
  }
  return { what: error, remedy: remedyForWords(error, { ...place, nodes: [] }, formatEndpoint(at)) };
}
