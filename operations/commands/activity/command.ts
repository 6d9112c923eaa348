import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import type { ExitCode } from "../../base/failure";
import type { Activity } from "../../cluster/waits/activity-of-node";
import { readActivity } from "../../observe/activity";
import type { Asked } from "../../cluster/nodes/ask-all";
import { formatDuration } from "../../base/duration";
import { describeAsked, exitCodeOf, failedNodes } from "../../cli/failed-nodes";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { type Output, type ReadFlags, addReadCommand } from "../../cli/read-command";
import { type Column, renderTable } from "../../cli/table";
import type { Connected } from "../../cluster/connection/target";

interface Flags extends ReadFlags {
  readonly all?: true;
}

const HELP = `
Statements of all nodes, by Citus' global pid: those of one distributed statement have the same, and the row
without "internal" is the one that the client sees. \`SELECT pg_cancel_backend(<gpid>)\` on the coordinator
cancels a statement wherever it runs.

Examples:
  npx pg-dist activity production
  npx pg-dist activity production --all --json`;

const COLUMNS: readonly Column[] = [
  { header: "gpid", align: "right" },
  { header: "node", yields: 5 },
  { header: "pid", align: "right", yields: 3 },
  { header: "user", yields: 4 },
  { header: "application", yields: 1 },
  { header: "kind", yields: 2 },
  { header: "state" },
  { header: "wait", yields: 6 },
  { header: "for", align: "right" },
  { header: "query", yields: 7 },
];

/** Characters of a statement where the output is no terminal. */
const QUERY_LENGTH = 120;

/** `pg-dist activity ENV`. */
export function addActivity(program: Command, caller: Caller): void {
  addReadCommand<Flags>(program, caller, {
    name: "activity",
    description: "What is running on all nodes, longest first.",
    help: HELP,
    options: (command) => {
      command.option("--all", "idle sessions and Citus' internal ones too");
    },
    run: showActivity,
  });
}

async function showActivity(target: Connected, flags: Flags, { json, paint }: Output): Promise<ExitCode> {
  const { asked, activity } = await readActivity(target);
  const shown =
    flags.all === true ? activity : activity.filter(({ state, internal }) => state !== "idle" && !internal);
  if (json) printJson("activity", { nodes: describeAsked(asked), activity: shown });
  else printLines(activityScreen(shown, asked, paint, terminalWidth()));
  return exitCodeOf(asked);
}

export function activityScreen(
  activity: readonly Activity[],
  asked: readonly Asked<unknown>[],
  paint: Paint,
  width: number,
): string[] {
  const table = renderTable(COLUMNS, activity.map(activityRow), width, (header) => paint("bold", header));
  return [...(activity.length === 0 ? ["Nothing is running."] : table), ...failedNodes(asked, paint)];
}

function activityRow(each: Activity): string[] {
  return [
    String(each.gpid),
    each.node,
    String(each.pid),
    each.user,
    each.application,
    each.internal ? "internal" : "client",
    each.state,
    each.wait ?? "",
    formatDuration(each.age),
    each.query.replace(/\s+/g, " ").trim().slice(0, QUERY_LENGTH),
  ];
}
