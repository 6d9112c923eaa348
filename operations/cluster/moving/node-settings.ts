import { formatBytes } from "../../base/bytes";
import type { Problem } from "../../base/failure";
import { loopbackOf } from "../nodes/loopback";
import { COORDINATOR_GROUP } from "../nodes/registered";
import { runOnNodes } from "../nodes/run-on-nodes";
import type { Session } from "../connection/session";
import type { MovingNode } from "./watcher";

/** A setting of a node that can cut off the sessions which Citus opens there for a move. */
export interface NodeSetting {
  readonly node: string;
  readonly name: string;
  /** As SHOW gives it, e.g. `5s`. */
  readonly value: string;
  /** Milliseconds; 0 for one that lets no move happen at all. */
  readonly limit: number;
  /** Where it comes from, for a sentence. */
  readonly source: string;
  /** SQL that undoes it for these sessions only, for the coordinator; absent where it could not be run either. */
  readonly undo?: string;
}

/** What ends a session or a statement by the clock; each was seen to end a move (13.0.3, PostgreSQL 17). */
const TIMEOUTS = [
  "statement_timeout",
  "transaction_timeout",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
];

/**
 * As the node's own session has them, which Citus has opened by the same role and to the same database as those of a move: no
 * options travel with such a connection. What is set for a role in a database comes before what is set for the database, the
 * role, the server, or on its command line. Moves were seen to bear with lock_timeout, the timeouts of replication,
 * isolation and deferrable transactions, session_replication_role and row_security.
 */
const SETTINGS = `SELECT coalesce(json_agg(json_build_object('name', name, 'value', current_setting(name),
    'limit', CASE WHEN vartype = 'bool' THEN 0 ELSE setting::bigint END,
    'source', CASE source WHEN 'configuration file' THEN coalesce('in ' || sourcefile, 'in its configuration')
                          WHEN 'command line' THEN 'on its command line' WHEN 'database' THEN 'for the database'
                          WHEN 'user' THEN 'for the role' WHEN 'database user' THEN 'for the role in the database'
                          ELSE source END,
    'undo', CASE WHEN vartype <> 'bool'
                 THEN format('ALTER ROLE %I IN DATABASE %I SET %s = 0', current_user, current_database(), name) END)
    ORDER BY name), '[]')::text AS settings
  FROM pg_settings
 WHERE name = 'default_transaction_read_only' AND setting = 'on'
    OR name IN (${TIMEOUTS.map((name) => `'${name}'`).join(", ")}) AND setting <> '0'`;

/** A node that doesn't answer has none here: whatever needs it says so. */
export async function readNodeSettings(
  session: Session,
  nodes: readonly MovingNode[],
): Promise<NodeSetting[]> {
  const loopback = await loopbackOf(session);
  const answers = await runOnNodes(
    session,
    nodes.map(({ groupid, endpoint }) => (groupid === COORDINATOR_GROUP ? loopback : endpoint)),
    nodes.map(() => SETTINGS),
  );
  return nodes.flatMap(({ label }, index) => {
    const answer = answers[index];
    if (answer === undefined || !("value" in answer)) return [];
    const settings = JSON.parse(answer.value ?? "[]") as (Omit<NodeSetting, "node" | "undo"> & {
      undo: string | null;
    })[];
    return settings.map(({ undo, ...setting }) => ({
      node: label,
      ...setting,
      ...(undo === null ? {} : { undo }),
    }));
  });
}

/** What a move takes beside its copy, at most, on a busy machine, in milliseconds. */
const MOVE_MS = 60_000;

/** Bytes a second that a slow copy has. */
const SLOW_COPY = 10 * 1024 ** 2;

/** Those that would cut a move of so many bytes off, or are likely to. */
export function settingProblems(settings: readonly NodeSetting[], largestGroup: number): Problem[] {
  const needed = MOVE_MS + (largestGroup / SLOW_COPY) * 1000;
  return settings
    .filter(({ limit }) => limit < needed)
    .map((setting) => ({
      node: setting.node,
      what:
        `${describeSetting(setting)}, which also applies to the sessions that Citus opens there: ` +
        (setting.limit === 0
          ? "no shard can be moved"
          : `a move may be cut off (its largest shard group has ${formatBytes(largestGroup)})`),
      remedy: undoSettings([setting]),
    }));
}

/** `statement_timeout is 5s (set for the role)` */
export function describeSetting({ name, value, source }: NodeSetting): string {
  return `${name} is ${value} (set ${source})`;
}

/** For a sentence. What is set for this role in this database leaves everybody else's sessions alone. */
export function undoSettings(settings: readonly NodeSetting[]): string {
  const undo = [...new Set(settings.flatMap((setting) => setting.undo ?? []))];
  const others = settings.filter((setting) => setting.undo === undefined);
  return [
    ...(undo.length === 0
      ? []
      : [
          `${undo.join("; ")} on the coordinator, which propagates it to all nodes and affects this role only`,
        ]),
    ...others.map(({ node, name }) => `set ${name} to off on ${node}, where it was set`),
  ].join("; ");
}
