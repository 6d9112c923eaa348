import { type Command, Option } from "commander";
import { Stopwatch } from "../../base/stopwatch";
import type { Caller } from "../../base/caller/caller";
import type { ClusterNode } from "../../../model/cluster";
import { type ChangeFlags, type Changing, addChangeTarget, changeCluster } from "../../cli/change-command";
import { databaseOption } from "../../cli/database-option";
import { isOtherDatabase } from "../../base/command-line";
import { confirm, confirmName } from "../../cli/confirm";
import { findNode } from "../../cli/find-node";
import { printJson } from "../../cli/output";
import { orJsonFailure } from "../../cli/read-command";
import { requireAnswers } from "../../cli/require-answers";
import type { TransferMode } from "../../cluster/shards/transfer-mode";
import { MODES, readTransferMode } from "../../cluster/shards/transfer-mode";
import { readInventory } from "../../change/drain/shards";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { readRecord } from "../../cluster/nodes/recorded";
import { formatAmount } from "../../cluster/shards/amount";
import { register } from "../../change/register";
import { sameEndpoint } from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import { isRegistered } from "../../cluster/nodes/view";
import { withStatementTimeout } from "../../cluster/connection/statement-timeout";
import { prepareWorker } from "../../change/registration/add-worker";
import type { MaintenanceOptions } from "../../change/removal/begin";
import type { Moved } from "../../change/drain/drain";
import { drainWorker } from "../../change/removal/drain-worker";
import { type MeantWorker, findWorker } from "./find-worker";
import { recordOtherDatabase } from "../../change/registration/record-other-database";
import { type Removed, removeWorker } from "../../change/removal/remove-worker";
import { describeAdded, describeEmptied } from "./json";
import { requireMembership } from "./require-membership";

const MODE_HELP = `
--mode auto moves online and refuses tables without a primary key or replica identity; force_logical moves those
too, but their updates and deletes fail meanwhile; block_writes makes all writes to a shard wait while it moves.`;

const DRAIN_HELP = `
The worker stays in the cluster, holds no shards and takes none, also through applies, until it is added again.
It is the move that Terraform makes before it destroys a worker, with the same checks before anything moves.
${MODE_HELP}

Examples:
  npx pg-dist drain production server-d/worker1
  npx pg-dist drain production server-d/worker1 --yes --mode block_writes
  npx pg-dist drain production server-d/worker1 --yes --json     what was moved, for a script`;

const REMOVE_HELP = `
Drains the worker, removes it from the cluster and leaves its server empty; container and volume stay, and
\`npx pg-dist add\` takes it in again. To destroy them too, delete the worker from the environment and deploy: that
drains it as well.
${MODE_HELP}

Examples:
  npx pg-dist remove production server-d/worker1
  npx pg-dist remove production server-d/worker1 --yes
  npx pg-dist remove production 10.0.0.9:5432      a worker that was registered by hand`;

const ADD_HELP = `
A worker of the environment that was drained takes shards again; one that was removed is registered, gets the
reference tables, and every connection is verified. Its server must be empty: what it holds is listed, and with
--wipe deleted after its id was typed; never where a cluster depends on it. Other workers that were removed stay
out. No shard moves unless the environment has rebalance: "after-adding".

Examples:
  npx pg-dist add production server-d/worker1
  npx pg-dist add production server-d/worker1 --wipe --confirm server-d/worker1`;

interface MoveFlags extends ChangeFlags {
  readonly mode?: TransferMode;
}

/** Of all three. */
const JSON_OPTION = "what was done as JSON, version 1; its progress on standard error";

interface AddFlags extends ChangeFlags {
  readonly wipe?: true;
  readonly confirm?: string;
}

/** `pg-dist drain ENV NODE`, `remove ENV NODE`, `add ENV NODE`. */
export function addMaintenance(program: Command, caller: Caller): void {
  emptying(
    program,
    caller,
    "drain",
    "Move all shards away from a worker, which stays in the cluster.",
    DRAIN_HELP,
  );
  emptying(
    program,
    caller,
    "remove",
    "Take a worker out of the cluster and leave its server empty.",
    REMOVE_HELP,
  );
  addChangeTarget(program.command("add"))
    .argument("<node>", "id of the worker")
    .description("Give a drained worker shards again, or register one that was removed.")
    .option("--wipe", "delete everything in the cluster's database on its server, if it is not empty")
    .option("--confirm <id>", "the worker's id, instead of typing it")
    .option("--json", JSON_OPTION)
    .addHelpText("after", ADD_HELP)
    .action(async (environment: string, name: string, flags: AddFlags) => {
      process.exitCode = await orJsonFailure("add", flags.json === true, caller, () =>
        changeCluster(environment, flags, caller, `add ${name}`, (target) => add(target, name, flags)),
      );
    });
}

function emptying(
  program: Command,
  caller: Caller,
  name: "drain" | "remove",
  description: string,
  help: string,
): void {
  addChangeTarget(program.command(name))
    .addOption(databaseOption())
    .argument("<node>", "id of the worker, or the host:port of one that was added by hand")
    .description(description)
    .option("--yes", "without asking")
    .addOption(new Option("--mode <mode>", "how shards are moved (default: auto)").choices(MODES))
    .option("--json", JSON_OPTION)
    .addHelpText("after", help)
    .action(async (environment: string, node: string, flags: MoveFlags) => {
      process.exitCode = await orJsonFailure(name, flags.json === true, caller, () =>
        changeCluster(environment, flags, caller, `${name} ${node}`, (target) =>
          empty(target, name, node, flags),
        ),
      );
    });
}

async function empty(
  target: Changing,
  name: "drain" | "remove",
  node: string,
  flags: MoveFlags,
): Promise<ExitCode> {
  const { session, cluster, progress, caller } = target;
  const mode = flags.mode ?? readTransferMode(caller.env);
  const worker = await meantWorker(target, node);
  await requireAnswers(target, "nothing was changed");
  const question = `${name} ${worker.id} of ${target.label}: ${await amountOn(target, worker)}.`;
  await confirm(question, flags.yes === true);
  const options: MaintenanceOptions = { cluster, ...worker, mode, progress, caller };
  const watch = new Stopwatch();
  // A wait for the cluster's lock, or the move of a shard, takes as long as it takes.
  const done = await withStatementTimeout<Moved | Removed>(session, 0, () =>
    name === "drain" ? drainWorker(session, options) : removeWorker(session, options),
  );
  const about = { cluster, node: worker.id, mode, watch };
  if (flags.json === true) printJson(name, describeEmptied(about, done));
  return EXIT.ok;
}

/**
 * In another database a worker has the id that it has in the environment's own one, also where the environment no longer
 * lists it: it is what a deploy that was refused says to empty there.
 */
async function meantWorker(
  { session, cluster }: Changing,
  name: string,
): Promise<MeantWorker & Pick<MaintenanceOptions, "home">> {
  const home = isOtherDatabase(cluster) ? await recordOtherDatabase(session, cluster) : [];
  const record = await readRecord(session);
  const at = home.find(({ id }) => id === name);
  if (at !== undefined && !record.has(name)) return { id: name, home: at.endpoint };
  return findWorker(cluster, record, await readView(session, cluster), name);
}

/** `12 shards with 98.4 MB move to the other nodes` */
async function amountOn({ session, cluster }: Changing, worker: MeantWorker): Promise<string> {
  const at = worker.endpoint;
  const node = (await readView(session, cluster))
    .filter(isRegistered)
    .find(({ id, endpoint }) => (at === undefined ? id === worker.id : sameEndpoint(endpoint, at)));
  if (node === undefined) return "it is not registered";
  const groups = (await readInventory(session)).on(node.registered.nodeid).map(({ group }) => group);
  const amount = {
    shards: groups.reduce((sum, { shardids }) => sum + shardids.length, 0),
    bytes: groups.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  return amount.shards === 0 ? "no shard has to move" : `${formatAmount(amount)} move to the other nodes`;
}

function coordinatorIsNoWorker({ id, endpoint: { host, port } }: ClusterNode): Failure {
  return new Failure(
    `${id} is the coordinator: it is not a worker to add`,
    "each deploy registers it, and without shards; if it is to hold some, as in a cluster without workers: " +
      `SELECT citus_set_node_property('${host}', ${port}, 'shouldhaveshards', true) on it`,
    { exitCode: EXIT.refused },
  );
}

async function add(target: Changing, name: string, flags: AddFlags): Promise<ExitCode> {
  const { session, cluster, progress, caller } = target;
  const password = caller.credentials.requireSuperuser().value;
  const node = findNode(cluster, name);
  if (node.role === "coordinator") throw coordinatorIsNoWorker(node);
  if (target.environment !== undefined) await requireMembership(target.environment, node.id, target);
  const wipe = async (holdings: string) => {
    await confirmName(`${node.id} holds ${holdings}. All of it will be deleted.`, node.id, flags.confirm);
    return true;
  };
  const options = {
    cluster,
    node,
    password,
    progress,
    env: caller.env,
    ...(flags.wipe === true ? { wipe } : {}),
  };
  // It waits for the cluster's lock, for an answer of a person, and while a server is wiped.
  const watch = new Stopwatch();
  const prepared = await withStatementTimeout(session, 0, () => prepareWorker(session, options));
  // Its own session, with the lock again: this one goes on to hold it otherwise.
  await session.end();
  const changed = prepared.outcome === "resumed" || prepared.wiped;
  const registered = await register(prepared.members, { progress, caller, changed });
  const about = { cluster, node: node.id, mode: readTransferMode(caller.env), watch };
  if (flags.json === true) printJson("add", describeAdded(about, prepared, registered));
  return EXIT.ok;
}
