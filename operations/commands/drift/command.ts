import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { createPaint, printJson, printLines } from "../../cli/output";
import { progressBeside } from "../../cli/progress";
import { orJsonFailure } from "../../cli/read-command";
import { synthesizeStack } from "../../cli/synthesized-stack";
import { type TargetFlags, findTarget, timeoutOption, viaOption, warnOfTwins } from "../../cli/target";
import type { Target } from "../../cluster/connection/target";
import { type Accepted, type Judged, judge } from "../../observe/drift/accepted";
import { readDeclaredStack } from "../../observe/drift/declared-containers";
import type { Drift } from "../../observe/drift/drift";
import { type DriftFacts, findDrift } from "../../observe/drift/find-drift";
import { readHost } from "../../observe/drift/read-host";
import { findProject } from "../../terraform/project";
import { Terraform } from "../../terraform/terraform";
import { withSavedPlan } from "../../terraform/with-saved-plan";
import { askServers } from "./ask-servers";
import { describeDrift } from "./json";
import { driftScreen } from "./screen";

const HELP = `
Compares three views: the configuration, Terraform's state, and what is there: containers, networks, volumes and
images on the Docker hosts, pg_dist_node, the versions and the settings of every server, also those of ALTER SYSTEM,
ALTER ROLE and ALTER DATABASE. Each difference comes with its remedy. What can't be checked is named too. Needs what
\`cdktf diff\` needs. Changes nothing, and takes no lock.

What the environment accepts (acceptedDrift) is shown, and is no difference.

Exit codes: 0 no difference, 3 some, 1 nothing could be checked.

Examples:
  npx pg-dist drift production
  npx pg-dist drift production --json    for a nightly job (schemas/drift.json)`;

interface Flags {
  readonly via?: TargetFlags["via"];
  /** In seconds. */
  readonly timeout: number;
  readonly json?: true;
}

/** `pg-dist drift ENV`. */
export function addDrift(program: Command, caller: Caller): void {
  program
    .command("drift")
    .argument("<environment>", "name of a file in environments/, without .ts")
    .description(
      "Find what differs between the configuration, Terraform and the cluster, with how to fix it.",
    )
    .addOption(viaOption())
    .addOption(timeoutOption("how long one node, or one Docker host, may take to answer"))
    .option("--json", "the differences as JSON, version 1")
    .addHelpText("after", HELP)
    .action(async (environment: string, flags: Flags) => {
      const json = flags.json === true;
      const paint = createPaint(program.opts<{ color: boolean }>().color, caller);
      process.exitCode = await orJsonFailure("drift", json, caller, async (): Promise<ExitCode> => {
        const target = findTarget(environment, flags, caller);
        const { acceptedDrift = [] } = target.environment ?? {};
        const facts = await look(environment, target, caller);
        const judged = withoutSecrets(judge(findDrift(facts), acceptedDrift), caller);
        if (json) printJson("drift", describeDrift(judged, facts));
        else printLines(driftScreen(judged, facts.cluster, paint));
        return judged.drifts.length === 0 ? EXIT.ok : EXIT.unhealthy;
      });
    });
}

/** A setting, a label or an image may hold what the run knows as a secret. */
function withoutSecrets({ drifts, accepted, stale }: Judged, { redact }: Caller): Judged {
  const clean = ({ subject, what, declared, found, ...drift }: Drift): Drift => ({
    ...drift,
    what: redact(what),
    ...(subject === undefined ? {} : { subject: redact(subject) }),
    ...(declared === undefined ? {} : { declared: redact(declared) }),
    ...(found === undefined ? {} : { found: redact(found) }),
  });
  const cleanAccepted = ({ drift, reasons }: Accepted): Accepted => ({ drift: clean(drift), reasons });
  return { drifts: drifts.map(clean), accepted: accepted.map(cleanAccepted), stale };
}

async function look(name: string, target: Target, caller: Caller): Promise<DriftFacts> {
  const progress = progressBeside(caller);
  warnOfTwins(target);
  const { folder, cluster, stack } = await synthesizeStack(findProject(), name, caller, progress);
  progress("planning");
  const plan = await readPlan(folder, caller);
  progress("asking the Docker hosts and the nodes");
  const declared = readDeclaredStack(stack);
  const [hosts, servers] = await Promise.all([
    Promise.all(
      cluster.hosts.map((host) =>
        readHost(
          {
            ...{ host, cluster: cluster.name, environment: cluster.environment },
            nodes: cluster.nodes.filter((node) => node.host === host.id),
          },
          caller,
          target.timeoutMs,
        ),
      ),
    ),
    askServers(target, cluster),
  ]);
  const unknown = [plan, servers, ...hosts].map((each) => ("unknown" in each ? each.unknown : undefined));
  const [first] = unknown;
  if (first !== undefined && unknown.every((each) => each !== undefined)) {
    throw new Failure(`nothing could be checked: ${first.what}`, first.remedy, {
      detail: unknown.flatMap((each) => each?.what ?? []),
    });
  }
  return { cluster, stack: declared, plan, hosts, servers };
}

/** Without the state's lock: nobody's deploy waits for one who looks. */
async function readPlan(folder: string, { env }: Caller): Promise<DriftFacts["plan"]> {
  const terraform = new Terraform(folder, env);
  try {
    await terraform.init();
    return await withSavedPlan(terraform, (file) => terraform.plan(file, [], { speculative: true }));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { unknown: { what: `no plan can be made: ${error.summary}`, remedy: error.remedy } };
  }
}
