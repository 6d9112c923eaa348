import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { FORGOTTEN_HOSTS } from "../../../model/contract/forgotten-hosts";
import { type ChangeFlags, type Changing, addChangeTarget, changeCluster } from "../../cli/change-command";
import { databaseOption } from "../../cli/database-option";
import { isOtherDatabase } from "../../base/command-line";
import { confirmName } from "../../cli/confirm";
import { printJson, printLines } from "../../cli/output";
import { progressBeside } from "../../cli/progress";
import { orJsonFailure } from "../../cli/read-command";
import { EXIT, type ExitCode } from "../../base/failure";
import { takeLock } from "../../cluster/nodes/lock";
import { findProject } from "../../terraform/project";
import { stopJob } from "../../change/rebalance/await-job";
import { runningJob } from "../../change/rebalance/job";
import { prepareRecord } from "../../cluster/nodes/migrate-record";
import { Terraform } from "../../terraform/terraform";
import { checkCoordinator } from "../../cluster/nodes/check-coordinator";
import { limitNodeConnections } from "../../cluster/nodes/reachability";
import { withStatementTimeout } from "../../cluster/connection/statement-timeout";
import { synthesize } from "../../terraform/synthesize";
import { recordOtherDatabase } from "../../change/registration/record-other-database";
import { requireForgottenElsewhere } from "../../change/forget/elsewhere";
import { repair } from "../../change/forget/repair";
import { describeLosses, reportLosses } from "./report";
import { addressesOfHost } from "../../change/forget/state-of-host";
import { isNode, surveyLosses } from "../../change/forget/survey";
import { requireGone } from "../../change/forget/require-gone";
import type { Losses, Survey } from "../../change/forget/losses";
import { readBlockedTimeout } from "../../cluster/moving/blocked-timeout";
import { withWaitsTold } from "../../cluster/moving/with-waits-told";
import { commandIn, typed, deployOf } from "../../base/remedy";

const HELP = `
For a server that never comes back, or a node whose volume is lost. Shows which tables lose which shards, asks
for the host's name to be typed, then recreates the lost shards, empty, on the nodes that stay, takes the host's
nodes out of Citus' metadata, and its resources out of Terraform's state. Refused while the host's Docker engine
or one of its nodes answers, even if only to refuse a connection (--replaced: another machine has that address
now), and for the host of the coordinator; for a single node unless an empty server is in its place. Every node
that stays must be up: hosts that are gone together are named together. Afterwards delete the host from the
environment and deploy, or put a new server in its place and deploy: its workers join anew. Needs what \`cdktf
deploy\` needs. Without --confirm and without a terminal to type on, nothing is changed.

Examples:
  npx pg-dist forget production server-c                      shows what is lost, and asks
  npx pg-dist forget production server-c --confirm server-c   carries it out
  npx pg-dist forget production server-d/worker1              a node whose volume was deleted; its server stays
  npx pg-dist forget production server-c --json               what would be lost, for a script`;

interface Flags extends ChangeFlags {
  readonly confirm?: string;
  readonly replaced?: true;
  readonly json?: true;
}

/** `pg-dist forget ENV HOST...`. */
export function addForget(program: Command, caller: Caller): void {
  addChangeTarget(program.command("forget"))
    .argument("<host...>", "ids of Docker hosts that are gone, or of nodes whose volume is lost")
    .description(
      "Give up a server that never comes back, or a lost volume, with the shards that only it had.",
    )
    .addOption(databaseOption())
    .option("--confirm <host>", "the host's id (several with commas), instead of typing it")
    .option(
      "--replaced",
      "another machine has the host's address now: that it refuses a connection proves nothing",
    )
    .option("--json", "what is lost (with --confirm: after it was carried out) as JSON, version 1")
    .addHelpText("after", HELP)
    .action(async (environment: string, hosts: string[], flags: Flags) => {
      process.exitCode = await orJsonFailure("forget", flags.json === true, caller, () =>
        // Without a limit: a server that is gone costs each of its nodes the time until the coordinator gives it up.
        changeCluster(environment, flags, caller, `forget ${hosts.join(" ")}`, (target) =>
          withStatementTimeout(target.session, 0, () => forget(target, [...new Set(hosts)], flags)),
        ),
      );
    });
}

async function forget(target: Changing, hosts: readonly string[], flags: Flags): Promise<ExitCode> {
  const { session, cluster, caller } = target;
  const json = flags.json === true;
  // What is lost is the answer: it stands alone on standard output.
  const progress = progressBeside(caller);
  await takeLock(session, progress, caller.env);
  await limitNodeConnections(session);
  await checkCoordinator(session, cluster, "change");
  if (isOtherDatabase(cluster)) await recordOtherDatabase(session, cluster);
  const survey = { replaced: flags.replaced === true, progress, caller };
  // Before other databases are named: what still lives is forgotten in none.
  const losses = await surveyLosses(session, cluster, hosts, survey);
  if (!isOtherDatabase(cluster)) await requireForgottenElsewhere(session, cluster, hosts);

  if (isOtherDatabase(cluster)) return forgetThere(target, losses, survey, flags);

  // Whatever could stop it at its end is seen before it begins.
  progress("synthesizing and reading Terraform's state");
  // The host may have been deleted from the environment already, which synth refuses while the state knows it.
  const folder = await synthesize(findProject(), cluster.environment, {
    ...caller.env,
    [FORGOTTEN_HOSTS]: hosts.join(","),
  });
  const terraform = new Terraform(folder, caller.env);
  await terraform.init();
  const state = await terraform.pullState();
  const servers = hosts.filter((host) => !isNode(host));
  const addresses = servers.flatMap((host) => addressesOfHost(state, host));

  if (losses.nodes.length === 0 && addresses.length === 0) {
    if (json) printJson("forget", describeLosses(cluster.environment, losses, addresses, "done"));
    else printLines([`${hosts.join(", ")}: nothing left to forget.`]);
    return EXIT.ok;
  }
  if (!json) printLines(reportLosses(losses, addresses));
  const show = (outcome: "planned" | "done") => {
    if (json) printJson("forget", describeLosses(cluster.environment, losses, addresses, outcome));
  };
  if (json && flags.confirm === undefined) {
    show("planned");
    return EXIT.ok;
  }
  await terraform.checkRemoval(addresses);
  await carryOut(target, losses, survey, flags);
  await terraform.removeFromState(addresses);
  if (addresses.length > 0) progress(`${addresses.length} resources removed from Terraform's state`);
  show("done");
  if (!json && servers.length === 0) {
    printLines([
      "Forgotten. The empty server in its place joins as a new worker by:",
      ...hosts.map((node) => `  ${typed(commandIn({ environment: cluster.environment }, "add", node))}`),
    ]);
  } else if (!json) {
    printLines([
      `Forgotten. Now delete ${servers.join(", ")} from \`hosts\` and \`workers\` of the environment, or give it a new ` +
        `server's connection; then: ${deployOf(cluster.environment)}`,
      "If it ever starts again, its containers come up by themselves and still consider themselves members; remove them " +
        "before it reaches the others",
    ]);
  }
  return EXIT.ok;
}

/** Asks, and makes the lost shards again in this database. */
async function carryOut(
  { session, cluster, caller }: Changing,
  losses: Losses,
  survey: Survey,
  flags: Flags,
): Promise<void> {
  const { progress } = survey;
  await confirmName("The data above can't be brought back.", losses.hosts.join(","), flags.confirm);
  // Whoever was asked may have taken his time, and the server come back meanwhile.
  if (flags.confirm === undefined) await requireGone(session, cluster, losses, survey);
  await prepareRecord(session);
  const job = await runningJob(session);
  if (job !== undefined) {
    await stopJob(session, job);
    progress(`rebalance ${job} is cancelled`);
  }
  const waits = { progress, seconds: readBlockedTimeout(caller.env) };
  await withWaitsTold(session, waits, () => repair(session, losses, cluster, progress));
}

/** In another database than the environment's: Terraform's state is left to the forgetting there. */
async function forgetThere(
  target: Changing,
  losses: Losses,
  survey: Survey,
  flags: Flags,
): Promise<ExitCode> {
  const { cluster } = target;
  const json = flags.json === true;
  const show = (outcome: "planned" | "done") => {
    if (json) printJson("forget", describeLosses(cluster.environment, losses, [], outcome));
  };
  if (losses.nodes.length === 0) {
    show("done");
    if (!json)
      printLines([`${losses.hosts.join(", ")}: nothing left to forget in database ${cluster.database}.`]);
    return EXIT.ok;
  }
  if (!json) printLines(reportLosses(losses, []));
  if (json && flags.confirm === undefined) {
    show("planned");
    return EXIT.ok;
  }
  await carryOut(target, losses, survey, flags);
  show("done");
  if (!json) {
    const home = typed(commandIn({ environment: cluster.environment }, "forget", ...losses.hosts));
    printLines([
      `Forgotten in database ${cluster.database}. When no other database has it any more: ${home}`,
    ]);
  }
  return EXIT.ok;
}
