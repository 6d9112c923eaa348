import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import { type Paint, createPaint, printJson, printLines } from "../../cli/output";
import { progressBeside } from "../../cli/progress";
import { orJsonFailure } from "../../cli/read-command";
import { synthesizeStack } from "../../cli/synthesized-stack";
import { refuseTwins, timeoutOption, viaOption } from "../../cli/target";
import { asFailure } from "../../cluster/connection/report";
import type { Stopped } from "../../observe/review/refusals";
import { PLAN_FILE, planFileOf, saveReview } from "../../observe/review/review-record";
import { reviewPlan, withLive } from "../../observe/review/review";
import { isRun } from "../../terraform/cloud/remote-runs";
import type { PlanJson } from "../../terraform/plan";
import { findProject, findSameCluster, loadEnvironment } from "../../terraform/project";
import { hashFile, hashStack } from "../../terraform/stack-hash";
import { HalfPlan, Terraform } from "../../terraform/terraform";
import { withSavedPlan } from "../../terraform/with-saved-plan";
import { type AskFlags, AskedCluster } from "./ask-cluster";
import { type ReviewedPlan, describeReview } from "./json";
import { reviewMarkdown } from "./markdown";
import { reviewScreen } from "./screen";

const HELP = `
Says of each node what an apply would do to it: stopped, emptied, made new, started, or nothing; and refuses (exit
code 4) a plan that must not be approved: one that destroys data without moving it away, that stops the coordinator
and workers together, that brings an image which can't read the data, or that removes workers whose shards can't be
moved. The running cluster is asked what moves, where to and for how long. --allow REASON is for a change that is
intended; the reason is recorded in the report. Needs what \`cdktf diff\` needs. Changes nothing.

Examples:
  npx pg-dist review production
  npx pg-dist review production --markdown    for a pull request
  npx pg-dist review production --speculative   of a branch that isn't to be applied as it is: waits for no lock
  npx pg-dist review production --plan FILE   a plan that was made before, in the stack's folder
  npx pg-dist review production --plan run-CZcmD7eagjhyX0vN   the plan of a run of HCP Terraform`;

interface Flags {
  readonly plan?: string;
  readonly speculative?: true;
  readonly allow?: string;
  readonly markdown?: true;
  readonly json?: true;
  readonly planOnly?: true;
  readonly via?: AskFlags["via"];
  /** In seconds. */
  readonly timeout: number;
}

/** `pg-dist review ENV`. */
export function addReview(program: Command, caller: Caller): void {
  program
    .command("review")
    .argument("<environment>", "name of a file in environments/, without .ts")
    .description("Say what the next apply does to each node, and refuse what must not be approved.")
    .option("--plan <file>", "review this saved plan, or this run of HCP Terraform, instead of a new plan")
    .addOption(
      new Option(
        "--speculative",
        "a plan that is only looked at: it can't be applied, and takes no lock",
      ).conflicts("plan"),
    )
    .option("--allow <reason>", "let pass what is refused; the reason is recorded in the report")
    .addOption(new Option("--markdown", "the report as a comment of a pull request").conflicts("json"))
    .option("--json", "the report as JSON, version 1")
    .option("--plan-only", "only read the plan, and don't query the running cluster")
    .addOption(viaOption())
    .addOption(timeoutOption("how long the coordinator may take to answer"))
    .addHelpText("after", HELP)
    .action(async (environment: string, flags: Flags) => {
      const paint = createPaint(program.opts<{ color: boolean }>().color, caller);
      process.exitCode = await orJsonFailure("review", flags.json === true, caller, () =>
        review(environment, flags, paint, caller),
      );
    });
}

async function review(name: string, flags: Flags, paint: Paint, caller: Caller): Promise<ExitCode> {
  const { allow } = flags;
  if (allow?.trim() === "") {
    throw new Failure(
      "--allow has no reason",
      "say why it is intended; the reason is recorded in the report",
      {
        exitCode: EXIT.usage,
      },
    );
  }
  const progress = progressBeside(caller);
  const project = findProject();
  const environment = loadEnvironment(project, name);
  refuseTwins(findSameCluster(project, environment));
  const { folder, cluster } = await synthesizeStack(project, environment.name, caller, progress);
  const files = hashStack(folder);
  const terraform = new Terraform(folder, caller.env);
  await terraform.init();
  const source = await findPlan(terraform, folder, flags);
  if (flags.planOnly !== true) progress("asking the cluster");
  const asked = await AskedCluster.open(name, flags, caller);
  const { plan, reviewed, live } = await inTurn(asked, async () => {
    const before = await asked.beforePlan(cluster);
    if (source.kind !== "given") progress("planning");
    const { planned, stopped } = await readPlan(terraform, source, progress);
    const removed = await asked.removedBefore(reviewPlan(planned, cluster));
    const byPlan = reviewPlan(planned, cluster, { removed, stopped });
    return { plan: planned, live: before, reviewed: withLive(byPlan, await asked.about(byPlan)) };
  });
  const about: ReviewedPlan = {
    saved: source.kind === "speculative" ? undefined : { file: source.file, sha256: hashFile(source.file) },
    terraform: plan.terraform_version,
    madeAt: plan.timestamp,
  };
  if (about.saved !== undefined) {
    saveReview(
      about.saved.file,
      {
        ...{ environment: environment.name, cluster: cluster.name, terraform: about.terraform ?? null },
        ...{ plan: about.saved.sha256, files, refusals: reviewed.refusals, allowed: allow ?? null },
        live,
      },
      caller.redact,
    );
  }
  const refused = reviewed.refusals.length > 0 && allow === undefined;
  if (refused && source.kind === "new") await discardRun(terraform, source.file, "run", progress);
  if (flags.json === true) printJson("review", describeReview(reviewed, about, allow));
  else if (flags.markdown === true) process.stdout.write(caller.redact(reviewMarkdown(reviewed, allow)));
  else printLines(reviewScreen(reviewed, allow, paint));
  return refused ? EXIT.refused : EXIT.ok;
}

/** The plan that is reviewed: where it is, or will be; no file where it is only looked at. */
type PlanSource =
  | { readonly kind: "new" | "given"; readonly file: string }
  | { readonly kind: "speculative"; readonly file?: undefined };

/** @throws Failure (usage) where a given plan isn't there */
async function findPlan(
  terraform: Terraform,
  folder: string,
  { plan, speculative }: Flags,
): Promise<PlanSource> {
  if (speculative === true) return { kind: "speculative" };
  if (plan === undefined) return { kind: "new", file: join(folder, PLAN_FILE) };
  if (isRun(plan)) return { kind: "given", file: await bookmarkRun(terraform, folder, plan) };
  const file = resolve(plan);
  if (existsSync(file)) return { kind: "given", file };
  throw new Failure(`there is no plan ${file}`, "give the file that `terraform plan -out` wrote", {
    exitCode: EXIT.usage,
  });
}

/** The file of a run that somebody started. */
async function bookmarkRun(terraform: Terraform, folder: string, run: string): Promise<string> {
  const remote = await terraform.remoteRuns();
  if (remote === undefined) {
    throw new Failure(
      `${run} is a run of HCP Terraform, and the runs of this environment are made here`,
      "give the file of a plan",
      { exitCode: EXIT.usage },
    );
  }
  const file = join(folder, planFileOf(run));
  writeFileSync(file, remote.bookmark(run), { mode: 0o600 });
  return file;
}

interface ReadPlan {
  readonly planned: PlanJson;
  /** Why Terraform refused to go on with it, in our words. */
  readonly stopped?: Stopped;
}

/** A plan that Terraform refuses, since the environment protects what it would destroy, is read as far as it came. */
async function readPlan(terraform: Terraform, source: PlanSource, progress: Progress): Promise<ReadPlan> {
  try {
    return { planned: await makePlan(terraform, source, progress) };
  } catch (error) {
    if (!(error instanceof HalfPlan) || error.exitCode !== EXIT.refused) throw error;
    return { planned: error.plan, stopped: { what: error.summary, remedy: error.remedy } };
  }
}

async function makePlan(
  terraform: Terraform,
  { kind, file }: PlanSource,
  progress: Progress,
): Promise<PlanJson> {
  if (kind === "given") return terraform.show(file);
  if (kind === "speculative")
    return withSavedPlan(terraform, (saved) => terraform.plan(saved, [], { speculative: true, progress }));
  // Nobody can apply the one before any more: its file is this one's.
  await discardRun(terraform, file, "run of the review before", progress);
  return terraform.plan(file, [], { progress });
}

/**
 * Of a plan that a server keeps: it could be confirmed there, and other runs may wait until it is.
 *
 * @param what it is, for a sentence
 */
async function discardRun(
  terraform: Terraform,
  file: string,
  what: string,
  progress: Progress,
): Promise<void> {
  try {
    const run = await terraform.discard(file);
    if (run !== undefined) progress(`${what} discarded: ${run}`);
  } catch (error) {
    progress(`${what} could not be discarded: ${asFailure(error).summary}`);
  }
}

async function inTurn<Result>(asked: AskedCluster, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } finally {
    await asked.end();
  }
}
