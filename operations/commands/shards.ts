import type { Command } from "commander";
import { formatBytes } from "../bytes";
import { EXIT, type ExitCode, Failure } from "../failure";
import { type Placement, type Placements, readPlacements, skewOf } from "../status/placements";
import { describeAsked, exitCodeOf, printFailedNodes } from "./failed-nodes";
import { printJson, printLines, terminalWidth } from "./output";
import { type Output, type ReadFlags, addReadCommand } from "./read-command";
import { type Column, renderTable } from "./table";
import type { Connected } from "./target";

interface Flags extends ReadFlags {
  readonly table?: string;
}

const HELP = `
Per node, and per node and table; copies of reference tables are left out. "skew" is the fullest node by the average
one: 1 is even. An unreadable shard is one whose node doesn't answer, or that is missing there.

Examples:
  npx pg-dist shards production
  npx pg-dist shards production --table public.events`;

/** What one node has of one table, or of all. */
interface Share {
  readonly node: string;
  readonly table: string | null;
  readonly shards: number;
  readonly bytes: number;
  readonly unreadable: number;
}

/** `pg-dist shards ENV`. */
export function addShards(program: Command): void {
  addReadCommand<Flags>(program, {
    name: "shards",
    description: "Where the shards are, their sizes, and which can't be read.",
    help: HELP,
    options: (command) => {
      command.option("--table <name>", "each shard of this table");
    },
    run: showShards,
  });
}

async function showShards(target: Connected, flags: Flags, { json, paint }: Output): Promise<ExitCode> {
  const all = await readPlacements(target);
  const placements = flags.table === undefined ? withoutCopies(all) : ofTable(all, flags.table);
  const holders = nodesWithShards(all);
  const shares = sharesOf(placements, holders);
  const skew = skewOfShares(shares.filter(({ table }) => table === null));
  if (json) {
    const shards = flags.table === undefined ? null : placements;
    printJson("shards", {
      nodes: describeAsked(all.asked),
      table: flags.table ?? null,
      skew,
      shares,
      shards,
    });
  } else {
    const print = (columns: readonly Column[], rows: readonly string[][]) =>
      printLines(renderTable(columns, rows, terminalWidth(), (header) => paint("bold", header)));
    const lost = (share: number) => (share === 0 ? "0" : paint("red", String(share)));
    print(
      NODE_COLUMNS,
      shares
        .filter(({ table }) => table === null)
        .map(({ node, shards, bytes, unreadable }) => [
          node,
          String(shards),
          formatBytes(bytes),
          lost(unreadable),
        ]),
    );
    printLines(skew === null ? [""] : [`skew ${skew.toFixed(2)}`, ""]);
    if (flags.table !== undefined) print(SHARD_COLUMNS, placements.map(shardRow));
    else print(TABLE_COLUMNS, tableRows(shares, holders));
    printFailedNodes(all.asked, paint);
  }
  const code = exitCodeOf(all.asked);
  return code === EXIT.ok && placements.some(({ unreadable }) => unreadable !== null) ? EXIT.unhealthy : code;
}

const NODE_COLUMNS: readonly Column[] = [
  { header: "node" },
  { header: "shards", align: "right" },
  { header: "size", align: "right" },
  { header: "unreadable", align: "right" },
];

const TABLE_COLUMNS: readonly Column[] = [
  { header: "table", yields: 3 },
  { header: "shards", align: "right" },
  { header: "size", align: "right" },
  { header: "skew", align: "right" },
  { header: "most", yields: 1 },
  { header: "least", yields: 2 },
];

const SHARD_COLUMNS: readonly Column[] = [
  { header: "shard", align: "right" },
  { header: "node" },
  { header: "size", align: "right" },
  { header: "from", align: "right", yields: 1 },
  { header: "to", align: "right", yields: 2 },
];

function withoutCopies({ tables, placements }: Placements): Placement[] {
  const moving = new Set(
    tables.filter(({ type }) => type === "distributed" || type === "single shard").map(({ table }) => table),
  );
  return placements.filter(({ table }) => moving.has(table));
}

function ofTable({ tables, placements }: Placements, name: string): Placement[] {
  const known = tables.find(({ table }) => table === name || table === `public.${name}`);
  if (known === undefined) {
    throw new Failure(
      `${name} is no table of Citus`,
      "give its name with the schema, as `pg-dist tables` shows it",
      {
        exitCode: EXIT.usage,
      },
    );
  }
  return placements.filter(({ table }) => table === known.table);
}

/** The workers, and the coordinator where it has a shard: a node without any shows in what is uneven. */
function nodesWithShards({ asked, placements }: Placements): string[] {
  const used = new Set(placements.map(({ node }) => node));
  return asked.filter(({ role, label }) => role === "worker" || used.has(label)).map(({ label }) => label);
}

function sharesOf(placements: readonly Placement[], nodes: readonly string[]): Share[] {
  const tables = [...new Set(placements.map(({ table }) => table))];
  return [null, ...tables].flatMap((table) =>
    nodes.map((node): Share => {
      const own = placements.filter((each) => each.node === node && (table === null || each.table === table));
      return {
        node,
        table,
        shards: own.length,
        bytes: own.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
        unreadable: own.filter(({ unreadable }) => unreadable !== null).length,
      };
    }),
  );
}

/** Nodes whose shards can't be read make no comparison. */
function skewOfShares(shares: readonly Share[]): number | null {
  return shares.some(({ unreadable }) => unreadable > 0) ? null : skewOf(shares.map(({ bytes }) => bytes));
}

function tableRows(shares: readonly Share[], nodes: readonly string[]): string[][] {
  const tables = [...new Set(shares.flatMap(({ table }) => table ?? []))];
  return tables.map((table) => {
    const own = shares.filter((share) => share.table === table);
    const sorted = [...own].sort((a, b) => b.bytes - a.bytes);
    const say = (share: Share | undefined) =>
      share === undefined || nodes.length < 2
        ? "-"
        : `${share.node} ${share.shards}, ${formatBytes(share.bytes)}`;
    const skew = skewOfShares(own);
    return [
      table,
      String(own.reduce((sum, { shards }) => sum + shards, 0)),
      formatBytes(own.reduce((sum, { bytes }) => sum + bytes, 0)),
      skew === null ? "-" : skew.toFixed(2),
      say(sorted[0]),
      say(sorted.at(-1)),
    ];
  });
}

function shardRow({ shardid, node, bytes, unreadable, min, max }: Placement): string[] {
  return [shardid, node, bytes === null ? (unreadable ?? "-") : formatBytes(bytes), min ?? "-", max ?? "-"];
}
