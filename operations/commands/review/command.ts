import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { type Paint, createPaint, printJson, printLines } from "../../cli/output";
import { progressBeside } from "../../cli/progress";
import { orJsonFailure } from "../../cli/read-command";
import { synthesizeStack } from "../../cli/synthesized-stack";
import { refuseTwins, timeoutOption, viaOption } from "../../cli/target";
import { PLAN_FILE, saveReview } from "../../observe/review/review-record";
import { reviewPlan, withLive } from "../../observe/review/review";
import { findProject, findSameCluster, loadEnvironment } from "../../terraform/project";
import { hashFile, hashStack } from "../../terraform/stack-hash";
import { Terraform } from "../../terraform/terraform";
import { type AskFlags, AskedCluster } from "./ask-cluster";
import { type ReviewedPlan, describeReview } from "./json";
import { reviewMarkdown } from "./markdown";
import { reviewScreen } from "./screen";

const HELP = `
Says of each node what an apply would do to it: stopped, emptied, made new, started, or nothing; and refuses (exit
code 4) a plan that must not be approved: one that destroys data without moving it away, that stops the coordinator
and workers together, that brings an image which can't read the data, or that removes workers whose shards can't be
moved. The running cluster is asked what moves, where to and for how long. --allow REASON is for the case that is
meant; the reason stands in the report. Needs what \`cdktf diff\` needs. Changes nothing.

Examples:
  npx pg-dist review production
  npx pg-dist review production --markdown    for a pull request
  npx pg-dist review production --plan FILE   a plan that was made before, in the stack's folder`;

interface Flags {
  readonly plan?: string;
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
    .option("--plan <file>", "review this saved plan instead of a new one")
    .option("--allow <reason>", "let pass what is refused; the reason stands in the report")
    .addOption(new Option("--markdown", "the report as a comment of a pull request").conflicts("json"))
    .option("--json", "the report as JSON, version 1")
    .option("--plan-only", "read the plan alone, and don't ask the running cluster")
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
    throw new Failure("--allow has no reason", "say why it is meant; it stands in the report", {
      exitCode: EXIT.usage,
    });
  }
  const progress = progressBeside(caller);
  const project = findProject();
  const environment = loadEnvironment(project, name);
  refuseTwins(findSameCluster(project, environment));
  const { folder, cluster } = await synthesizeStack(project, environment.name, caller, progress);
  const files = hashStack(folder);
  const terraform = new Terraform(folder, caller.env);
  await terraform.init();
  const file = flags.plan === undefined ? join(folder, PLAN_FILE) : resolve(flags.plan);
  if (flags.plan !== undefined && !existsSync(file)) {
    throw new Failure(`there is no plan ${file}`, "give the file that `terraform plan -out` wrote", {
      exitCode: EXIT.usage,
    });
  }
  if (flags.planOnly !== true) progress("asking the cluster");
  const asked = await AskedCluster.open(name, flags, caller);
  const { plan, reviewed, live } = await inTurn(asked, async () => {
    const before = await asked.beforePlan(cluster);
    if (flags.plan === undefined) progress("planning");
    const planned = await (flags.plan === undefined ? terraform.plan(file) : terraform.show(file));
    const byPlan = reviewPlan(planned, cluster);
    return { plan: planned, live: before, reviewed: withLive(byPlan, await asked.about(byPlan)) };
  });
  const about: ReviewedPlan = {
    file,
    sha256: hashFile(file),
    terraform: plan.terraform_version,
    madeAt: plan.timestamp,
  };
  saveReview(
    file,
    {
      ...{ environment: environment.name, cluster: cluster.name, terraform: about.terraform ?? null },
      ...{ plan: about.sha256, files, refusals: reviewed.refusals, allowed: allow ?? null },
      live,
    },
    caller.redact,
  );
  if (flags.json === true) printJson("review", describeReview(reviewed, about, allow));
  else if (flags.markdown === true) process.stdout.write(caller.redact(reviewMarkdown(reviewed, allow)));
  else printLines(reviewScreen(reviewed, allow, paint));
  return reviewed.refusals.length > 0 && allow === undefined ? EXIT.refused : EXIT.ok;
}

async function inTurn<Result>(asked: AskedCluster, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } finally {
    await asked.end();
  }
}
