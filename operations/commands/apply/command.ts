import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode, Failure, moreAbove } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { advise, commandIn } from "../../base/remedy";
import { Stopwatch } from "../../base/stopwatch";
import { printJson } from "../../cli/output";
import { progressBeside, progressOf } from "../../cli/progress";
import { orJsonFailure } from "../../cli/read-command";
import { synthesizeStack } from "../../cli/synthesized-stack";
import {
  type TargetFlags,
  findTarget,
  openTarget,
  refuseTwins,
  timeoutOption,
  viaOption,
} from "../../cli/target";
import { asFailure } from "../../cluster/connection/report";
import { findChanges, findOtherVariables, isRefused } from "../../observe/review/find-changes";
import { fingerprintOf } from "../../observe/review/fingerprint";
import { type Live, PLAN_FILE, loadReview, planFileOf } from "../../observe/review/review-record";
import { isRun, runOf } from "../../terraform/cloud/remote-runs";
import type { PlanJson } from "../../terraform/plan";
import { findProject, findSameCluster, loadEnvironment } from "../../terraform/project";
import { hashFile, hashStack } from "../../terraform/stack-hash";
import { Terraform } from "../../terraform/terraform";
import { describeApply } from "./json";
import { type Told, tellApply } from "./progress";

const HELP = `
Applies exactly the plan that \`review\` saved, or another that was reviewed with \`review --plan\`; its record
must stand beside it. Refused (exit code 4), with every difference in one go, where the plan, the synthesized code
or the cluster is not what was reviewed: a shard that moved, a node that died or joined, another apply in between.
Ctrl-C stops Terraform, which begins nothing more; a second one ends it at once; a remote run of HCP Terraform goes on.
Needs what \`cdktf deploy\` needs.

Examples:
  npx pg-dist apply production
  npx pg-dist apply production FILE    a plan that came from another machine, with its record FILE.review.json
  npx pg-dist apply production run-CZcmD7eagjhyX0vN   a run of HCP Terraform that was reviewed with \`--plan\`
  npx pg-dist apply production --json  for a script; progress goes to standard error`;

type Flags = Pick<TargetFlags, "via" | "timeout"> & { readonly json?: true };

/** `pg-dist apply ENV [PLAN]`. */
export function addApply(program: Command, caller: Caller): void {
  program
    .command("apply")
    .argument("<environment>", "name of a file in environments/, without .ts")
    .argument("[plan]", "file of the plan (default: the one that `review` saved)")
    .description("Apply exactly the plan that was reviewed, if everything is still as it was then.")
    .addOption(viaOption())
    .addOption(timeoutOption("how long one node may take to answer"))
    .option("--json", "what was changed, as JSON, version 1")
    .addHelpText("after", HELP)
    .action(async (environment: string, plan: string | undefined, flags: Flags) => {
      process.exitCode = await orJsonFailure("apply", flags.json === true, caller, () =>
        apply(environment, plan, flags, caller),
      );
    });
}

async function apply(
  name: string,
  given: string | undefined,
  flags: Flags,
  caller: Caller,
): Promise<ExitCode> {
  const watch = new Stopwatch();
  const progress = flags.json === true ? progressBeside(caller) : progressOf(caller);
  const project = findProject();
  const environment = loadEnvironment(project, name);
  refuseTwins(findSameCluster(project, environment));
  const { folder } = await synthesizeStack(project, environment.name, caller, progress);
  const files = hashStack(folder);
  const file = fileOf(folder, given);
  const review = commandIn({ environment: name }, "review");
  const again = given === undefined ? review : commandIn({ environment: name }, "review", "--plan", given);
  if (!existsSync(file)) {
    throw new Failure(`there is no plan ${file}`, advise`make it: ${review}`, {
      exitCode: EXIT.usage,
    });
  }
  const record = loadReview(file, again);
  progress(`comparing with the review of ${record.reviewedAt}`);
  const leftOut = record.live.kind === "left-out";
  if (leftOut) progress("the review did not query the cluster (--plan-only), so that it is not compared");
  const live: Live = leftOut ? record.live : await lookAtCluster(name, flags, caller);
  const changes = findChanges(record, { environment: name, plan: hashFile(file), files, live });
  const terraform = new Terraform(folder, caller.env);
  await terraform.init();
  const plan = await readPlan(terraform, file, changes);
  const others = plan === undefined ? [] : findOtherVariables(plan, caller.env);
  refuseChanges([...changes, ...others], name, isRefused(record));
  const told = await applyPlan(terraform, file, plan ?? {}, { progress, name });
  if (flags.json === true)
    printJson("apply", describeApply({ file, record, changes: told.changes, seconds: watch.seconds }));
  else progress(`applied as reviewed: ${counted(told)}`);
  return EXIT.ok;
}

function fileOf(folder: string, plan: string | undefined): string {
  if (plan === undefined) return join(folder, PLAN_FILE);
  return isRun(plan) ? join(folder, planFileOf(plan)) : resolve(plan);
}

/** Where it is refused anyway, that it can't be read is said no more: it may be any file. */
async function readPlan(
  terraform: Terraform,
  file: string,
  changes: readonly string[],
): Promise<PlanJson | undefined> {
  try {
    return await terraform.show(file);
  } catch (error) {
    if (changes.length > 0) return undefined;
    throw error;
  }
}

/** As the review did it. */
async function lookAtCluster(name: string, flags: Flags, caller: Caller): Promise<Live> {
  try {
    const target = await openTarget(findTarget(name, flags, caller), "apply", "change");
    try {
      return { kind: "asked", fingerprint: await fingerprintOf(target) };
    } finally {
      await target.session.end();
    }
  } catch (error) {
    return { kind: "unanswered", cause: asFailure(error).summary };
  }
}

/**
 * @param refused whether the review itself refused the plan: another review alone would refuse it again
 * @throws Failure (refused) with all of them
 */
function refuseChanges(changes: readonly string[], environment: string, refused: boolean): void {
  const [first, ...others] = changes;
  if (first === undefined) return;
  throw new Failure(
    `not applied: ${first}${moreAbove(others.length)}`,
    refused
      ? advise`do what the review says, or revert the change, then review again: ${commandIn({ environment }, "review")}`
      : advise`review again: ${commandIn({ environment }, "review")}`,
    { detail: others.length === 0 ? [] : changes, exitCode: EXIT.refused },
  );
}

async function applyPlan(
  terraform: Terraform,
  file: string,
  plan: PlanJson,
  { progress, name }: { readonly progress: Progress; readonly name: string },
): Promise<Told> {
  const told = tellApply(plan, progress);
  const run = runOf(file);
  if (run !== undefined) {
    await followRun(terraform, file, run, told, { progress, name });
    return told;
  }
  let interrupts = 0;
  const onInterrupt = (count: number) => {
    interrupts = count;
    progress(
      count === 1
        ? "interrupted: Terraform is stopping, and begins nothing more; interrupt again to end it at once"
        : "interrupted again: Terraform ends at once",
    );
  };
  try {
    await terraform.apply(file, { onEvent: told.onEvent, onInterrupt });
    return told;
  } catch (error) {
    if (told.changes.length > 0) progress(`stopped after ${counted(told)}`);
    if (interrupts === 0) throw error;
    const review = commandIn({ environment: name }, "review");
    throw new Failure(
      `interrupted: ${counted(told)}`,
      // The provider gives up a container that Docker is making, and Terraform's state never hears of it.
      interrupts === 1 && !told.failed()
        ? advise`review what is left: ${review}`
        : advise`what was being made may not be in the state: ${commandIn({ environment: name }, "recover")}, then ${review}`,
      { detail: asFailure(error).detail, cause: error },
    );
  }
}

/** How a run of a server has ended; any other status goes on. */
const ENDED: readonly (string | undefined)[] = [
  "applied",
  "errored",
  "canceled",
  "force_canceled",
  "discarded",
];

/** Confirms a run of a server. An interrupt ends the following alone: the run goes on. */
async function followRun(
  terraform: Terraform,
  file: string,
  run: string,
  told: Told,
  { progress, name }: { readonly progress: Progress; readonly name: string },
): Promise<void> {
  const runs = await terraform.remoteRuns();
  const address = runs?.addressOf(run) ?? run;
  progress(`run ${address}`);
  let interrupted = false;
  let failure: unknown;
  try {
    await terraform.apply(file, { onEvent: told.onEvent, onInterrupt: () => (interrupted = true) });
  } catch (error) {
    failure = error;
  }
  // Terraform ends with or without an error then, whatever the run does.
  if (interrupted && !ENDED.includes(await runs?.statusOf(run).catch(() => undefined))) {
    throw new Failure(
      `interrupted after ${counted(told)}: the run goes on, and is no longer followed`,
      advise`see how it ends, or cancel it: ${address}; then review what is left: ${commandIn({ environment: name }, "review")}`,
      { cause: failure },
    );
  }
  if (failure === undefined) return;
  if (told.changes.length > 0) progress(`stopped after ${counted(told)}`);
  throw failure;
}

/** `3 changes`. */
function counted({ changes }: Told): string {
  return changes.length === 1 ? "1 change" : `${changes.length} changes`;
}
