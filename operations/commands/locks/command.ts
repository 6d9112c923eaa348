import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode } from "../../base/failure";
import { readActivity } from "../../observe/activity";
import type { Asked } from "../../cluster/nodes/ask-all";
import { formatDuration } from "../../base/duration";
import { endBlocker } from "../../cluster/waits/end-blocker";
import { type LockWait, type Party, lockWaits } from "../../cluster/waits/lock-waits";
import { describeAsked, exitCodeOf, failedNodes } from "../../cli/failed-nodes";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { type Output, addReadCommand } from "../../cli/read-command";
import { type Column, renderTable } from "../../cli/table";
import type { Connected } from "../../cluster/connection/target";

const HELP = `
Who waits for whom, over all nodes: each distributed statement once, as its client sees it, with how long it
waits for that lock so far; and what of PostgreSQL's own waits, such as the walsender of a shard that moves, also
for other databases of the same server. Below it stands what ends each blocking one: SQL for the coordinator.
Exit code 3 when something waits for 5 minutes or longer.

Example:
  npx pg-dist locks production`;

const COLUMNS: readonly Column[] = [
  { header: "waits", align: "right" },
  { header: "gpid", align: "right" },
  { header: "waiting statement", yields: 4 },
  { header: "on", yields: 1 },
  { header: "at", yields: 2 },
  { header: "blocked by", align: "right" },
  { header: "which is", yields: 3 },
  { header: "user", yields: 5 },
  { header: "blocking statement", yields: 6 },
];

const QUERY_LENGTH = 80;

/** `pg-dist locks ENV`. */
export function addLocks(program: Command, caller: Caller): void {
  addReadCommand(program, caller, {
    name: "locks",
    description: "Statements that wait for others, and for which.",
    help: HELP,
    run: showLocks,
  });
}

async function showLocks(target: Connected, _flags: object, { json, paint }: Output): Promise<ExitCode> {
  const { asked, activity } = await readActivity(target);
  const waits = lockWaits(activity).map((wait): EndableWait => {
    const node = asked.find(({ label }) => label === wait.blocking.node);
    return {
      ...wait,
      end: endBlocker(wait.blocking, node?.role === "coordinator" ? undefined : node?.endpoint),
    };
  });
  if (json) printJson("locks", { nodes: describeAsked(asked), locks: waits });
  else printLines(locksScreen(waits, asked, paint, terminalWidth()));
  const code = exitCodeOf(asked);
  return code === EXIT.ok && waits.some(isLong) ? EXIT.unhealthy : code;
}

/** With what ends the blocking one. */
type EndableWait = LockWait & { readonly end: string };

export function locksScreen(
  waits: readonly EndableWait[],
  asked: readonly Asked<unknown>[],
  paint: Paint,
  width: number,
): string[] {
  const table = renderTable(COLUMNS, waits.map(lockRow), width, (header) => paint("bold", header));
  const ends = new Map(waits.map(({ blocking, end }) => [`${nameOf(blocking)} on ${blocking.node}`, end]));
  return [
    ...(waits.length === 0 ? ["Nothing waits for a lock."] : table),
    ...(ends.size === 0 ? [] : ["", "What ends them, in SQL on the coordinator unless it says where:"]),
    ...[...ends].map(([name, end]) => `${name}: ${end}`),
    ...failedNodes(asked, paint),
  ];
}

/** Waits are a part of life; from so many seconds on they aren't. */
const LONG = 300;

/** By the wait: how long the statement ran before it says nothing. */
export function isLong({ waited }: LockWait): boolean {
  return waited >= LONG;
}

function lockRow({ node, wait, waited, waiting, blocking }: LockWait): string[] {
  return [
    formatDuration(waited),
    nameOf(waiting),
    query(waiting),
    wait,
    node,
    nameOf(blocking),
    `${blocking.state} ${formatDuration(blocking.since)}`,
    blocking.user,
    query(blocking),
  ];
}

function nameOf({ gpid, pid, gid }: Party): string {
  if (gid !== null) return gid;
  return gpid === 0 ? `pid ${pid}` : String(gpid);
}

function query({ query: text }: Party): string {
  return text.replace(/\s+/g, " ").trim().slice(0, QUERY_LENGTH);
}
