import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { formatBytes } from "../../base/bytes";
import { EXIT, type ExitCode } from "../../base/failure";
import type { Asked } from "../../cluster/nodes/ask-all";
import {
  type Distribution,
  type Share,
  distributionOf,
  skewOfShares,
} from "../../observe/distribution/distribution";
import { type Placement, readPlacements } from "../../observe/distribution/placements";
import { describeAsked, exitCodeOf, failedNodes } from "../../cli/failed-nodes";
import { otherDatabases, otherDatabasesNote } from "../../cli/other-databases-note";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { formatPartialSize } from "../../cli/partial-size";
import { type Output, type ReadFlags, addReadCommand } from "../../cli/read-command";
import { type Column, renderTable } from "../../cli/table";
import type { Connected } from "../../cluster/connection/target";
import { formatUrl } from "../../cluster/connection/url";
import { commandIn } from "../../base/remedy";

interface Flags extends ReadFlags {
  readonly table?: string;
}

const HELP = `
Per node, and per node and table; copies of reference tables are left out. "skew" is the fullest node by the average
one: 1 is even. An unreadable shard is one whose node doesn't answer, or that is missing there: its size is unknown, and
nodes are not compared.

Examples:
  npx pg-dist shards production
  npx pg-dist shards production --table public.events`;

/** `pg-dist shards ENV`. */
export function addShards(program: Command, caller: Caller): void {
  addReadCommand<Flags>(program, caller, {
    name: "shards",
    description: "Where the shards are, their sizes, and which can't be read.",
    help: HELP,
    options: (command) => {
      command.option("--table <name>", "list each shard of this table");
    },
    run: showShards,
  });
}

async function showShards(target: Connected, flags: Flags, { json, paint }: Output): Promise<ExitCode> {
  const all = await readPlacements(target);
  const at = target.cluster ?? { url: formatUrl(target) };
  const distribution = distributionOf(all, flags.table, commandIn(at, "tables"));
  const { placements, shares, skew } = distribution;
  const others = await otherDatabases(target);
  if (json) {
    const shards =
      flags.table === undefined
        ? null
        : placements.map(({ shardid, ...more }) => ({ shardId: shardid, ...more }));
    printJson("shards", {
      nodes: describeAsked(all.asked),
      table: flags.table ?? null,
      skew,
      shares,
      shards,
      otherDatabases: others,
    });
  } else {
    printLines([
      ...shardsScreen(distribution, all.asked, paint, terminalWidth()),
      ...otherDatabasesNote(target, others, "shards"),
    ]);
  }
  const code = exitCodeOf(all.asked);
  return code === EXIT.ok && placements.some(({ unreadable }) => unreadable !== null) ? EXIT.unhealthy : code;
}

export function shardsScreen(
  { single, placements, holders, shares, skew }: Distribution,
  asked: readonly Asked<unknown>[],
  paint: Paint,
  width: number,
): string[] {
  const render = (columns: readonly Column[], rows: readonly string[][]) =>
    renderTable(columns, rows, width, (header) => paint("bold", header));
  const nodes = shares.filter(({ table }) => table === null).map((share) => nodeRow(share, paint));
  return [
    ...render(NODE_COLUMNS, nodes),
    ...(skew === null ? [""] : [`skew ${skew.toFixed(2)}`, ""]),
    ...(single
      ? render(SHARD_COLUMNS, placements.map(shardRow))
      : render(TABLE_COLUMNS, tableRows(shares, holders))),
    ...failedNodes(asked, paint),
  ];
}

function nodeRow({ node, shards, bytes, unreadable }: Share, paint: Paint): string[] {
  const lost = unreadable === 0 ? "0" : paint("red", String(unreadable));
  return [node, String(shards), formatPartialSize(bytes, unreadable, shards), lost];
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

function tableRows(shares: readonly Share[], nodes: readonly string[]): string[][] {
  const tables = [...new Set(shares.flatMap(({ table }) => table ?? []))];
  return tables.map((table) => {
    const own = shares.filter((share) => share.table === table);
    const sorted = [...own].sort((a, b) => b.bytes - a.bytes);
    const sum = (of: (share: Share) => number) => own.reduce((total, share) => total + of(share), 0);
    const unreadable = sum((share) => share.unreadable);
    // What can't be read would be the least.
    const say = (share: Share | undefined) =>
      share === undefined || nodes.length < 2 || unreadable > 0
        ? "-"
        : `${share.node} ${share.shards}, ${formatBytes(share.bytes)}`;
    const skew = skewOfShares(own);
    return [
      table,
      String(sum(({ shards }) => shards)),
      formatPartialSize(
        sum(({ bytes }) => bytes),
        unreadable,
        sum(({ shards }) => shards),
      ),
      skew === null ? "-" : skew.toFixed(2),
      say(sorted[0]),
      say(sorted.at(-1)),
    ];
  });
}

function shardRow({ shardid, node, bytes, unreadable, min, max }: Placement): string[] {
  return [shardid, node, bytes === null ? (unreadable ?? "-") : formatBytes(bytes), min ?? "-", max ?? "-"];
}
