import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { CLUSTER_FILE } from "../../../model/contract/cluster-file";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { readConfiguration, requireVariables } from "../../change/recover/configuration";
import { type Paint, createPaint, printJson, printLines } from "../../cli/output";
import { progressBeside } from "../../cli/progress";
import { orJsonFailure } from "../../cli/read-command";
import { refuseTwins } from "../../cli/target";
import { readCluster } from "../../cluster/cluster-file";
import { reviewPlan } from "../../observe/review/review";
import { findProject, findSameCluster, loadEnvironment } from "../../terraform/project";
import { synthesize } from "../../terraform/synthesize";
import { Terraform } from "../../terraform/terraform";
import { type ReviewedPlan, describeReview } from "./json";
import { reviewMarkdown } from "./markdown";
import { reviewScreen } from "./screen";

/** Beside the stack, where no commit takes it. */
const PLAN_FILE = "reviewed.plan";

const HELP = `
Says of each node what an apply would do to it: stopped, emptied, made new, started, or nothing; and refuses (exit
code 4) a plan that must not be approved: one that destroys data without moving it away, that stops the coordinator
and workers together, or that brings an image which can't read the data. --allow REASON is for the case that is
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
  progress("synthesizing");
  const folder = await synthesize(project, environment.name, caller.env);
  const cluster = readCluster(join(folder, CLUSTER_FILE));
  requireVariables(readConfiguration(folder, cluster).requiredVariables, caller.env);
  const terraform = new Terraform(folder, caller.env);
  await terraform.init();
  const file = flags.plan === undefined ? join(folder, PLAN_FILE) : resolve(flags.plan);
  if (flags.plan === undefined) progress("planning");
  else if (!existsSync(file)) {
    throw new Failure(`there is no plan ${file}`, "give the file that `terraform plan -out` wrote", {
      exitCode: EXIT.usage,
    });
  }
  const plan = await (flags.plan === undefined ? terraform.plan(file) : terraform.show(file));
  const reviewed = reviewPlan(plan, cluster);
  const about: ReviewedPlan = {
    file,
    sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
    terraform: plan.terraform_version,
    madeAt: plan.timestamp,
  };
  if (flags.json === true) printJson("review", describeReview(reviewed, about, allow));
  else if (flags.markdown === true) process.stdout.write(caller.redact(reviewMarkdown(reviewed, allow)));
  else printLines(reviewScreen(reviewed, allow, paint));
  return reviewed.refusals.length > 0 && allow === undefined ? EXIT.refused : EXIT.ok;
}
