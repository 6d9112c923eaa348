import { type Command, InvalidArgumentError } from "commander";
import type { Caller } from "../../base/caller/caller";
import type { ExitCode } from "../../base/failure";
import { type Asked, askAll } from "../../cluster/nodes/ask-all";
import { describeAsked, exitCodeOf, failedNodes } from "../../cli/failed-nodes";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { type Output, type ReadFlags, addReadCommand } from "../../cli/read-command";
import { type Column, renderTable } from "../../cli/table";
import type { Connected } from "../../cluster/connection/target";

interface Flags extends ReadFlags {
  readonly limit: number;
}

/** What one node counted. */
interface Counted {
  /** citus.stat_tenants_track: all or none. */
  readonly track: string;
  /** Seconds of a period. */
  readonly period: number;
  readonly tenants: readonly Tenant[];
}

interface Tenant {
  readonly tenant: string;
  readonly colocation: number;
  readonly reads: number;
  readonly queries: number;
  readonly cpu: number;
  readonly lastReads: number;
  readonly lastQueries: number;
  readonly lastCpu: number;
}

interface NodeTenant extends Tenant {
  readonly node: string;
}

/** The view shows no more than citus.stat_tenants_limit of them. */
const TENANTS = `SELECT json_build_object(
  'track', current_setting('citus.stat_tenants_track'),
  'period', current_setting('citus.stat_tenants_period')::int,
  'tenants', (SELECT coalesce(json_agg(json_build_object(
      'tenant', tenant_attribute, 'colocation', colocation_id,
      'reads', read_count_in_this_period, 'queries', query_count_in_this_period, 'cpu', cpu_usage_in_this_period,
      'lastReads', read_count_in_last_period, 'lastQueries', query_count_in_last_period,
      'lastCpu', cpu_usage_in_last_period)), '[]') FROM citus_stat_tenants_local(true)))::text`;

const SWITCH_ON =
  "SELECT run_command_on_all_nodes('ALTER SYSTEM SET citus.stat_tenants_track = ''all'''), then " +
  "run_command_on_all_nodes('SELECT pg_reload_conf()'), both on the coordinator";

const HELP = `
Needs citus.stat_tenants_track = 'all' on the nodes; where it is off this says how to switch it on. A tenant is a value
of the distribution column; counted are statements that concern one tenant, in the current and the last period.

Examples:
  npx pg-dist tenants production
  npx pg-dist tenants production --limit 50 --json`;

const COLUMNS: readonly Column[] = [
  { header: "tenant", yields: 3 },
  { header: "colocation", align: "right", yields: 1 },
  { header: "node", yields: 2 },
  { header: "queries", align: "right" },
  { header: "reads", align: "right" },
  { header: "CPU s", align: "right" },
  { header: "last queries", align: "right" },
  { header: "last reads", align: "right" },
  { header: "last CPU s", align: "right" },
];

/** `pg-dist tenants ENV`. */
export function addTenants(program: Command, caller: Caller): void {
  addReadCommand<Flags>(program, caller, {
    name: "tenants",
    description: "The busiest tenants, with their statements and CPU time.",
    help: HELP,
    options: (command) => {
      command.option("--limit <count>", "how many to show", parseLimit, 20);
    },
    run: showTenants,
  });
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number, at least 1.");
}

async function showTenants(target: Connected, { limit }: Flags, { json, paint }: Output): Promise<ExitCode> {
  const asked = await askAll<Counted>(target, TENANTS);
  const off = asked
    .filter(({ value }) => value !== undefined && value.track !== "all")
    .map(({ label }) => label);
  const tenants = asked.flatMap(tenantsOf).sort(busiestFirst).slice(0, limit);
  if (json) printJson("tenants", { nodes: describeAsked(asked), notTracked: off, tenants });
  else printLines(tenantsScreen({ tenants, off, asked }, paint, terminalWidth()));
  return exitCodeOf(asked);
}

interface Shown {
  readonly tenants: readonly NodeTenant[];
  /** Nodes that don't count them. */
  readonly off: readonly string[];
  readonly asked: readonly Asked<unknown>[];
}

export function tenantsScreen({ tenants, off, asked }: Shown, paint: Paint, width: number): string[] {
  const none = off.length > 0 ? [] : ["No statement concerned a single tenant in this period or the last."];
  const table = renderTable(COLUMNS, tenants.map(tenantRow), width, (header) => paint("bold", header));
  const notCounted = [
    `${paint("yellow", "Not counted")} on ${off.join(", ")}: citus.stat_tenants_track is none there.`,
    `Switch it on: ${SWITCH_ON}`,
  ];
  return [
    ...(tenants.length > 0 ? table : none),
    ...(off.length > 0 ? notCounted : []),
    ...failedNodes(asked, paint),
  ];
}

function tenantsOf({ label, value }: Asked<Counted>): NodeTenant[] {
  return (value?.tenants ?? []).map((tenant) => ({ ...tenant, node: label }));
}

function busiestFirst(a: Tenant, b: Tenant): number {
  return b.queries + b.lastQueries - (a.queries + a.lastQueries);
}

function tenantRow({ tenant, colocation, node, ...counts }: NodeTenant): string[] {
  const { queries, reads, cpu, lastQueries, lastReads, lastCpu } = counts;
  return [
    tenant,
    String(colocation),
    node,
    String(queries),
    String(reads),
    cpu.toFixed(2),
    String(lastQueries),
    String(lastReads),
    lastCpu.toFixed(2),
  ];
}
