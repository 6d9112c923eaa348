import { Argument, type Command, Option } from "commander";
import type { Caller } from "../../base/caller/caller";
import { type ChangeFlags, type Changing, addChangeTarget, changeCluster } from "../../cli/change-command";
import { databaseOption } from "../../cli/database-option";
import { confirm } from "../../cli/confirm";
import { createPaint, printJson, printLines, terminalWidth } from "../../cli/output";
import { orJsonFailure } from "../../cli/read-command";
import { otherDatabases, otherDatabasesNote } from "../../cli/other-databases-note";
import { requireAnswers } from "../../cli/require-answers";
import { MODES, type TransferMode, readTransferMode } from "../../cluster/shards/transfer-mode";
import { EXIT, type ExitCode, Failure, moreAbove } from "../../base/failure";
import { takeLock } from "../../cluster/nodes/lock";
import { readView } from "../../cluster/nodes/read-view";
import { labelAt } from "../../cluster/nodes/view";
import { withStatementTimeout } from "../../cluster/connection/statement-timeout";
import { stopJob } from "../../change/rebalance/await-job";
import { estimateTime } from "../../change/rebalance/estimate";
import { readJob, runningJob, startJob } from "../../change/rebalance/job";
import { lastFinished } from "../../change/rebalance/last-finished";
import { amountOfMoves } from "../../change/rebalance/lines";
import { formatAmount } from "../../cluster/shards/amount";
import { findObstacles } from "../../change/rebalance/obstacles";
import { planRebalance } from "../../change/rebalance/plan";
import { planScreen } from "./plan-screen";
import { amountOf, measureJob, readGroups } from "../../change/rebalance/progress-of-job";
import { watchJob } from "./watch";
import { advise, commandIn, helpOf } from "../../base/remedy";

const HELP = `
plan   shows each move with its bytes, and how long all of them may take; changes nothing
start  starts it in Citus' background, after asking, and watches it
watch  shows how far it is; Ctrl-C leaves it alone, watch again to resume; the first failing move ends it with
       its message
stop   cancels it: what was moved stays where it is now

--mode auto moves online and refuses tables without a primary key or replica identity; force_logical moves those
too, but their updates and deletes fail meanwhile; block_writes makes all writes to a shard wait while it moves.

Examples:
  npx pg-dist rebalance production plan
  npx pg-dist rebalance production start --yes
  npx pg-dist rebalance production watch --json    waits, and then prints its end state`;

const ACTIONS = ["plan", "start", "watch", "stop"] as const;

interface Flags extends ChangeFlags {
  readonly mode?: TransferMode;
  readonly json?: true;
}

/** `pg-dist rebalance ENV plan|start|watch|stop`. */
export function addRebalance(program: Command, caller: Caller): void {
  addChangeTarget(program.command("rebalance"))
    .addOption(databaseOption())
    .addArgument(new Argument("<action>", "what to do").choices(ACTIONS))
    .description("Spread the shards evenly over the workers.")
    .option("--yes", "start without asking")
    .addOption(new Option("--mode <mode>", "of start: how shards are moved (default: auto)").choices(MODES))
    .option("--json", "of plan and watch: the plan, or the end state, as JSON, version 1")
    .addHelpText("after", HELP)
    .action(async (environment: string, action: (typeof ACTIONS)[number], flags: Flags) => {
      const json = flags.json === true;
      const work = { plan: showPlan, start, watch, stop }[action];
      const paint = createPaint(program.opts<{ color: boolean }>().color, caller);
      process.exitCode = await orJsonFailure(`rebalance ${action}`, json, caller, async () => {
        refuseFlags(action, flags);
        const changes = action === "start" || action === "stop";
        return changeCluster(
          environment,
          flags,
          caller,
          `rebalance ${action}`,
          (target) => work(target, flags, paint),
          changes,
        );
      });
    });
}

/** An option that would be ignored is a mistake. */
function refuseFlags(action: (typeof ACTIONS)[number], { yes, mode, json }: Flags): void {
  const wrong =
    (yes === true && action !== "start" && "--yes") ||
    (mode !== undefined && action !== "start" && "--mode") ||
    (json === true && (action === "start" || action === "stop") && "--json");
  if (!wrong) return;
  throw new Failure(`${wrong} is not for ${action}`, advise`see ${helpOf("rebalance")}`, {
    exitCode: EXIT.usage,
  });
}

async function showPlan(
  target: Changing,
  { json }: Flags,
  paint: ReturnType<typeof createPaint>,
): Promise<ExitCode> {
  const { session } = target;
  await requireAnswers(target, "no plan can be made");
  const moves = await planRebalance(session);
  const amount = amountOfMoves(moves);
  const estimate = estimateTime({ moves: moves.length, bytes: amount.bytes }, await lastFinished(session));
  const immovable = await findObstacles(session, target.cluster, moves, "auto");
  const others = await otherDatabases(target);
  const nodes = await readView(session, target.cluster);
  if (json === true) {
    printJson("rebalance plan", {
      environment: target.cluster.environment,
      moves: moves.map(({ shardid, tables, bytes, source, target: to }) => ({
        ...{ shardId: shardid, tables, bytes },
        from: labelAt(nodes, source),
        to: labelAt(nodes, to),
      })),
      ...amount,
      estimate: moves.length === 0 ? null : estimate,
      immovable: immovable.map(({ what }) => what),
      otherDatabases: others,
    });
    return EXIT.ok;
  }
  const note = otherDatabasesNote(target, others, "rebalance", "plan");
  const view = { moves, estimate, immovable };
  printLines([...planScreen(view, (endpoint) => labelAt(nodes, endpoint), paint, terminalWidth()), ...note]);
  return EXIT.ok;
}

async function start(target: Changing, flags: Flags): Promise<ExitCode> {
  const { session, cluster, progress, caller } = target;
  const mode = flags.mode ?? readTransferMode(caller.env);
  await requireNoJob(target);
  await requireAnswers(target, "nothing was started");
  printLines(otherDatabasesNote(target, await otherDatabases(target), "rebalance", "start"));
  const moves = await planRebalance(session);
  const blockWrites = "let writes wait meanwhile: --mode block_writes";
  const obstacles = await findObstacles(session, cluster, moves, mode, blockWrites);
  const [first] = obstacles;
  if (first !== undefined) {
    const more = moreAbove(obstacles.length - 1);
    throw new Failure(`${first.what}${more}`, advise`${first.remedy}; nothing was started`, {
      detail: obstacles.length === 1 ? [] : obstacles.map(({ what, remedy }) => advise`${what}: ${remedy}`),
      exitCode: EXIT.refused,
    });
  }
  if (moves.length > 0) {
    const question = `Rebalance ${target.label}: ${moves.length} moves, ${formatAmount(amountOfMoves(moves))}.`;
    await confirm(question, flags.yes === true);
  }
  // How long others work on the cluster, and Citus plans all moves, is nothing that --timeout could know.
  const job = await withStatementTimeout(session, 0, async () => {
    await takeLock(session, progress, caller.env);
    await requireNoJob(target);
    return startJob(session, mode, cluster);
  });
  // It goes on without us: whoever needs it to be over looks for the job.
  await session.query("SELECT pg_advisory_unlock_all()");
  if (job === undefined) {
    printLines(["Nothing to move: the shards are spread as evenly as they can be."]);
    return EXIT.ok;
  }
  return watchJob(target, job, false);
}

async function requireNoJob({ session, cluster }: Changing): Promise<void> {
  const job = await runningJob(session);
  if (job === undefined) return;
  throw new Failure(
    `rebalance ${job} is running already`,
    advise`${commandIn(cluster, "rebalance", "watch")}, or stop`,
    { exitCode: EXIT.refused },
  );
}

async function watch(target: Changing, { json }: Flags): Promise<ExitCode> {
  const job = await runningJob(target.session);
  if (job !== undefined) {
    await requireAnswers(target, `rebalance ${job} goes on, but can't be watched`);
    return watchJob(target, job, json === true);
  }
  if (json === true) printJson("rebalance watch", { environment: target.cluster.environment, job: null });
  else printLines(["No rebalance is running."]);
  return EXIT.ok;
}

async function stop(target: Changing): Promise<ExitCode> {
  const { session, timeoutMs } = target;
  const id = await runningJob(session);
  if (id === undefined) {
    printLines(["No rebalance is running."]);
    return EXIT.ok;
  }
  await stopJob(session, id, timeoutMs);
  const job = await readJob(session, id);
  await requireAnswers(target, `rebalance ${id} is ${job.state}, but how much it moved cannot be determined`);
  const groups = await readGroups(session, job);
  const { done } = await measureJob(session, job, groups);
  const left = amountOf([...groups.values()]).shards - done.shards;
  printLines([
    `Rebalance ${id} is ${job.state}: ${formatAmount(done)} moved and stay there, ${left} did not move.`,
  ]);
  return EXIT.ok;
}
