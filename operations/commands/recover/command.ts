import { once } from "node:events";
import type { Caller } from "../../base/caller/caller";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { describeCluster } from "../../../model/cluster";
import { describeTarget } from "../../cli/change-command";
import { type Paint, createPaint, printJson, printLines } from "../../cli/output";
import { progressBeside } from "../../cli/progress";
import { orJsonFailure } from "../../cli/read-command";
import { EXIT } from "../../base/failure";
import { refuseTwins } from "../../cli/target";
import { findProject, findSameCluster, loadEnvironment } from "../../terraform/project";
import { synthesize } from "../../terraform/synthesize";
import { type Recovery, planRecovery } from "../../change/recover/recover";
import { describeRecovery, reportNext, reportPlan } from "./report";

const HELP = `
Adopted is what the configuration declares and what exists, but not in Terraform's state; no container is
restarted by it, one that stands still is started. Removed is what this cluster no longer declares and has
not registered, and a node whose first initialisation was cut off: the next apply recreates it. A volume
that might hold data is never removed unasked, nor one of a registered node, nor any while the coordinator
can't be queried. Needs what \`cdktf deploy\` needs: TF_VAR_postgres_password and the way to the Docker hosts.

Examples:
  npx pg-dist recover production            shows the plan and asks
  npx pg-dist recover production --yes      carries it out
  npx pg-dist recover production --json     the plan for a script (schemas/recover.json)`;

interface Flags {
  readonly yes?: true;
  readonly json?: true;
  readonly removeVolume: readonly string[];
}

/** `pg-dist recover ENV`. */
export function addRecover(program: Command, caller: Caller): void {
  program
    .command("recover")
    .argument("<environment>", "name of a file in environments/, without .ts")
    .description(
      "Repair what a killed Terraform or a lost state left behind: adopt it into the state, or remove it.",
    )
    .option("--yes", "carry the plan out without asking")
    .option("--json", "the plan (with --yes: and its outcome) as JSON, version 1")
    .option(
      "--remove-volume <name>",
      "also remove this volume of an unregistered node; may be repeated",
      (name: string, names: string[]) => [...names, name],
      [],
    )
    .addHelpText("after", HELP)
    .action(async (environment: string, flags: Flags) => {
      const paint = createPaint(program.opts<{ color: boolean }>().color, caller);
      process.exitCode = await orJsonFailure("recover", flags.json === true, caller, () =>
        recover(environment, flags, paint, caller),
      );
    });
}

async function recover(name: string, flags: Flags, paint: Paint, caller: Caller): Promise<number> {
  const progress = progressBeside(caller);
  const project = findProject();
  const environment = loadEnvironment(project, name);
  refuseTwins(findSameCluster(project, environment));
  progress(describeTarget(describeCluster(environment)));
  progress("synthesizing");
  const folder = await synthesize(project, environment.name, caller.env);
  const recovery = await planRecovery({ folder, removeVolumes: flags.removeVolume, progress, caller });
  try {
    if (flags.json !== true) printLines(reportPlan(recovery, paint));
    const change =
      recovery.memberships.length > 0 || recovery.actions.some(({ action }) => action !== "leave");
    const agreed = change && (flags.yes === true || (flags.json !== true && (await ask())));
    const { unhealthy, unsafe } = agreed
      ? await uninterrupted(() => recovery.carryOut())
      : { unhealthy: [], unsafe: false };
    if (flags.json === true) {
      printJson("recover", describeRecovery(recovery, agreed ? "done" : "planned", { unhealthy, unsafe }));
    } else if (agreed) {
      printLines([
        ...unhealthy.map((each) => `${each} was started and is not healthy: see docker logs ${each}`),
      ]);
      printLines(reportNext(recovery, unsafe));
    } else if (change) {
      printLines(["Nothing was changed. Carry it out with --yes."]);
      return EXIT.refused;
    }
    return exitCode(recovery, unhealthy);
  } finally {
    await recovery.close();
  }
}

function exitCode({ situation, actions }: Recovery, unhealthy: readonly string[]): number {
  if (situation.hosts.some(({ unreachable }) => unreachable !== undefined)) return EXIT.failed;
  if (actions.some((action) => action.action === "leave" && action.blocks)) return EXIT.failed;
  return unhealthy.length > 0 ? EXIT.unhealthy : EXIT.ok;
}

/** False where nobody can answer, and for Ctrl-C and Ctrl-D. */
async function ask(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const dialog = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C and Ctrl-D reject the question; an input that just ends leaves it open for ever.
  const closed = once(dialog, "close").then(() => "");
  const answer = await Promise.race([dialog.question("Carry it out? Type yes to continue: "), closed]).catch(
    () => {
      process.stdout.write("\n");
      return "";
    },
  );
  dialog.close();
  return answer.trim() === "yes";
}

/** Ctrl-C ends the Terraform that runs, which has it too; what was begun is then cleared away and reported. */
async function uninterrupted<Result>(work: () => Promise<Result>): Promise<Result> {
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  try {
    return await work();
  } finally {
    process.off("SIGINT", ignore);
  }
}
