import { type Command, InvalidArgumentError, Option } from "commander";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { isHealthy } from "../../base/finding";
import { judge } from "../../observe/status/judge";
import { asFailure } from "../../cluster/connection/report";
import { sqlStateOf } from "../../cluster/connection/sqlstate";
import { takeSnapshot } from "../../observe/status/snapshot";
import { explainError } from "../../cli/explain-error";
import { type Paint, printJson, printLines, terminalWidth } from "../../cli/output";
import { type Output, type ReadFlags, addReadCommand } from "../../cli/read-command";
import { statusJson } from "./json";
import { statusScreen } from "./screen";
import { openTarget } from "../../cli/target";
import type { Connected } from "../../cluster/connection/target";
import { watch } from "../../cli/watch";
import { render } from "../../base/remedy";

interface Flags extends ReadFlags {
  readonly watch?: number;
}

const HELP = `
Asks all nodes at once, through the coordinator. A node that doesn't answer is named, with what Docker on
its server says of its container. \`broken\` and \`warning\` make the exit code 3; \`advice\` doesn't.

Examples:
  npx pg-dist status production
  npx pg-dist status production --watch 5
  npx pg-dist status --url postgres://postgres@10.0.0.1:5432/postgres --json`;

/** `pg-dist status ENV`. */
export function addStatus(program: Command, caller: Caller): void {
  addReadCommand<Flags>(program, caller, {
    name: "status",
    description: "One screen: the nodes of the cluster, and what is wrong, worst first, with what helps.",
    help: HELP,
    options: (command) => {
      command.addOption(
        new Option("--watch [seconds]", "refresh it every so many seconds (default: 2), until Ctrl-C")
          .argParser(parsePeriod)
          .conflicts("json"),
      );
    },
    run: (target, flags, output) =>
      flags.watch === undefined ? once(target, output) : watchStatus(target, flags, output),
  });
}

function parsePeriod(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0.5) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds, at least 0.5.");
}

async function once(target: Connected, { json, paint }: Output): Promise<ExitCode> {
  const snapshot = await takeSnapshot(target);
  const findings = judge(snapshot);
  if (json) printJson("status", statusJson(snapshot, findings));
  else printLines(statusScreen(snapshot, findings, paint, terminalWidth()));
  return isHealthy(findings) ? EXIT.ok : EXIT.unhealthy;
}

/** A coordinator that goes away, or answers with an error, is shown as such, and connected to again. */
async function watchStatus(target: Connected, flags: Flags, { paint }: Output): Promise<ExitCode> {
  let session: Connected["session"] | undefined = target.session;
  let over = false;
  await watch(typeof flags.watch === "number" ? flags.watch : 2, async () => {
    try {
      const connected: Connected =
        session === undefined ? await openTarget(target, "status", "read") : { ...target, session };
      session = connected.session;
      if (over) await session.end();
      const snapshot = await takeSnapshot(connected);
      return statusScreen(snapshot, judge(snapshot), paint, terminalWidth());
    } catch (error) {
      await session?.end();
      session = undefined;
      const explained = explainError(error, "status", target);
      // A mistake of ours stays one.
      if (!(explained instanceof Failure) && sqlStateOf(explained) === undefined) throw error;
      return failureScreen(target.label, asFailure(explained), paint);
    }
  });
  over = true;
  await session?.end();
  return EXIT.ok;
}

function failureScreen(label: string, { detail, summary, remedy }: Failure, paint: Paint): string[] {
  return [
    paint("bold", label),
    "",
    ...detail.map((line) => paint("dim", render(line, "person"))),
    paint("red", summary),
    `${paint("dim", "→")} ${render(remedy, "person")}`,
  ];
}
