import { CONNECTIONS as TAKEN } from "../../observe/thresholds";
import type { Caller } from "../../base/caller/caller";
import { isOwnApplication } from "../../../model/contract/application-name";
import type { Command } from "commander";
import type { ExitCode } from "../../base/failure";
import { type Asked, askAll } from "../../cluster/nodes/ask-all";
import { describeAsked, exitCodeOf, failedNodes } from "../../cli/failed-nodes";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { type Output, type ReadFlags, addReadCommand } from "../../cli/read-command";
import { type Column, renderTable } from "../../cli/table";
import type { Connected } from "../../cluster/connection/target";

interface Flags extends ReadFlags {
  readonly applications?: true;
}

/** How the connections of one node are used. */
interface Connections {
  readonly max: number;
  readonly used: number;
  readonly active: number;
  readonly idle: number;
  readonly idleInTransaction: number;
  /** From other nodes. */
  readonly internal: number;
  /** By application and user, the most first. */
  readonly applications: readonly {
    readonly application: string;
    readonly user: string;
    readonly count: number;
  }[];
}

const CONNECTIONS = `WITH c AS MATERIALIZED (
  SELECT state, coalesce(usename, '') AS usename,
         application_name ~ '^citus_(internal|rebalancer|run_command)' AS internal,
         CASE WHEN application_name ~ '^citus_' THEN regexp_replace(application_name, ' gpid=.*|_gpid=.*', '')
              WHEN ${isOwnApplication("application_name")} THEN 'pg-dist'
              ELSE application_name END AS application
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())
SELECT json_build_object(
  'max', current_setting('max_connections')::int,
  'used', (SELECT count(*) FROM c),
  'active', (SELECT count(*) FROM c WHERE state = 'active'),
  'idle', (SELECT count(*) FROM c WHERE state = 'idle'),
  'idleInTransaction', (SELECT count(*) FROM c WHERE state LIKE 'idle in transaction%'),
  'internal', (SELECT count(*) FROM c WHERE internal),
  'applications', (SELECT coalesce(json_agg(t), '[]') FROM (
     SELECT application, usename AS user, count(*) AS count FROM c GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 20) t))::text`;

const HELP = `
Of all databases of a node. "internal" are those that other nodes hold; a node that runs out of them fails
statements of the whole cluster.

Examples:
  npx pg-dist connections production
  npx pg-dist connections production --applications`;

const COLUMNS: readonly Column[] = [
  { header: "node" },
  { header: "used", align: "right" },
  { header: "of", align: "right" },
  { header: "active", align: "right" },
  { header: "idle", align: "right" },
  { header: "idle in transaction", align: "right", yields: 1 },
  { header: "internal", align: "right" },
];

const APPLICATIONS: readonly Column[] = [
  { header: "node" },
  { header: "application", yields: 1 },
  { header: "user", yields: 2 },
  { header: "connections", align: "right" },
];

/** `pg-dist connections ENV`. */
export function addConnections(program: Command, caller: Caller): void {
  addReadCommand<Flags>(program, caller, {
    name: "connections",
    description: "Connections of each node: how many are in use, and what for.",
    help: HELP,
    options: (command) => {
      command.option("--applications", "by application and user");
    },
    run: showConnections,
  });
}

async function showConnections(target: Connected, flags: Flags, { json, paint }: Output): Promise<ExitCode> {
  const asked = await askAll<Connections>(target, CONNECTIONS);
  if (json) {
    const connections = asked.flatMap(({ label, value }) =>
      value === undefined ? [] : [{ node: label, ...value }],
    );
    printJson("connections", { nodes: describeAsked(asked), connections });
  } else {
    printLines(connectionsScreen(asked, flags.applications === true, paint, terminalWidth()));
  }
  return exitCodeOf(asked);
}

export function connectionsScreen(
  asked: readonly Asked<Connections>[],
  applications: boolean,
  paint: Paint,
  width: number,
): string[] {
  const [columns, rows] = applications
    ? [APPLICATIONS, asked.flatMap(applicationRows)]
    : [COLUMNS, asked.map((each) => row(each, paint))];
  return [
    ...renderTable(columns, rows, width, (header) => paint("bold", header)),
    ...failedNodes(asked, paint),
  ];
}

function row({ label, value }: Asked<Connections>, paint: Paint): string[] {
  if (value === undefined) return [label, ...COLUMNS.slice(1).map(() => "-")];
  const { used, max, active, idle, idleInTransaction, internal } = value;
  const nearlyFull = used >= max * TAKEN.warning;
  return [
    label,
    nearlyFull ? paint("red", String(used)) : String(used),
    ...[max, active, idle, idleInTransaction, internal].map(String),
  ];
}

function applicationRows({ label, value }: Asked<Connections>): string[][] {
  return (value?.applications ?? []).map(({ application, user, count }) => [
    label,
    application || "-",
    user,
    String(count),
  ]);
}
