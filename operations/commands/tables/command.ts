import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { formatBytes } from "../../base/bytes";
import { EXIT, type ExitCode } from "../../base/failure";
import type { Asked } from "../../cluster/nodes/ask-all";
import {
  type CitusTable,
  type Placement,
  type PlainTable,
  readPlacements,
  skewOf,
} from "../../observe/distribution/placements";
import { describeAsked, exitCodeOf, failedNodes } from "../../cli/failed-nodes";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { type Output, addReadCommand } from "../../cli/read-command";
import { type Column, renderTable } from "../../cli/table";
import type { Connected } from "../../cluster/connection/target";

const HELP = `
Sizes are with indexes, and of reference tables those of all copies. "skew" is the largest shard by the average
one: 1 is even, and a high number is a distribution column with a few frequent values. "plain" tables (materialized
views and foreign tables too) are not Citus tables: they are on one node only, which is named.

Example:
  npx pg-dist tables production`;

const COLUMNS: readonly Column[] = [
  { header: "table", yields: 6 },
  { header: "type" },
  { header: "node", yields: 5 },
  { header: "distributed by", yields: 2 },
  { header: "colocation", align: "right", yields: 3 },
  { header: "shards", align: "right" },
  { header: "unreadable", align: "right", yields: 4 },
  { header: "size", align: "right" },
  { header: "largest shard", align: "right" },
  { header: "skew", align: "right" },
  { header: "owner", yields: 1 },
];

interface Measured extends Omit<CitusTable, "type"> {
  readonly type: CitusTable["type"] | "plain";
  /** Of a plain table; null for those of Citus, whose shards `shards` shows. */
  readonly node: string | null;
  readonly shards: number;
  readonly unreadable: number;
  /** Of what could be read. */
  readonly bytes: number;
  readonly largestShard: number;
  readonly skew: number | null;
}

/** `pg-dist tables ENV`. */
export function addTables(program: Command, caller: Caller): void {
  addReadCommand(program, caller, {
    name: "tables",
    description: "All tables: how they are distributed, or where they are, and their sizes.",
    help: HELP,
    run: showTables,
  });
}

async function showTables(target: Connected, _flags: object, { json, paint }: Output): Promise<ExitCode> {
  const { tables, placements, plain, asked } = await readPlacements(target);
  const measured = [...tables.map((table) => measure(table, placements)), ...plain.map(withoutShards)];
  if (json) printJson("tables", { nodes: describeAsked(asked), tables: measured });
  else printLines(tablesScreen(measured, asked, paint, terminalWidth()));
  const code = exitCodeOf(asked);
  return code === EXIT.ok && measured.some(({ unreadable }) => unreadable > 0) ? EXIT.unhealthy : code;
}

export function tablesScreen(
  tables: readonly Measured[],
  asked: readonly Asked<unknown>[],
  paint: Paint,
  width: number,
): string[] {
  const rows = tables.map((table) => tableRow(table, paint));
  const lines = renderTable(COLUMNS, rows, width, (header) => paint("bold", header));
  return [...(tables.length === 0 ? ["There are no tables yet."] : lines), ...failedNodes(asked, paint)];
}

export function measure(table: CitusTable, placements: readonly Placement[]): Measured {
  const own = placements.filter((placement) => placement.table === table.table);
  const sizes = own.flatMap(({ bytes }) => bytes ?? []);
  return {
    ...table,
    node: null,
    shards: new Set(own.map(({ shardid }) => shardid)).size,
    unreadable: own.length - sizes.length,
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    largestShard: Math.max(0, ...sizes),
    skew: skewOf(sizes),
  };
}

export function withoutShards({ table, node, owner, bytes }: PlainTable): Measured {
  return {
    ...{ table, type: "plain", node, column: null, colocation: null, owner },
    ...{ shards: 0, unreadable: 0, bytes, largestShard: 0, skew: null },
  };
}

function tableRow(table: Measured, paint: Paint): string[] {
  const { type, node, column, colocation, shards, unreadable, bytes, largestShard, skew, owner } = table;
  return [
    table.table,
    type,
    node ?? "-",
    column ?? "-",
    String(colocation ?? "-"),
    String(shards),
    unreadable === 0 ? "0" : paint("red", String(unreadable)),
    formatBytes(bytes),
    shards === 0 ? "-" : formatBytes(largestShard),
    skew === null ? "-" : skew.toFixed(1),
    owner,
  ];
}
