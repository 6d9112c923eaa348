import type { Cluster, ClusterNode } from "../../../model/cluster";
import { EXIT, Failure } from "../../base/failure";
import { takeLock } from "../../cluster/nodes/lock";
import type { Progress } from "../../base/progress";
import { prepareRecord } from "../../cluster/nodes/migrate-record";
import { clearLeaving, markRebalanceDue } from "../../cluster/nodes/recorded";
import { checkCoordinator } from "../../cluster/nodes/check-coordinator";
import { storeOnCoordinator } from "../../cluster/nodes/credentials";
import { type NodeFacts, coordinatorFacts, nodeFacts } from "../../cluster/nodes/node-facts";
import type { RegisteredNode } from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import { limitNodeConnections } from "../../cluster/nodes/reachability";
import type { Session } from "../../cluster/connection/session";
import { type NewcomerHoldings, readHoldings, requireWipeable } from "./newcomer-holdings";
import { wipeWorker } from "./wipe-worker";
import { readBlockedTimeout } from "../../cluster/moving/blocked-timeout";
import { withWaitsTold } from "../../cluster/moving/with-waits-told";
import { advise, commandIn } from "../../base/remedy";

export interface AddOptions {
  readonly cluster: Cluster;
  readonly node: ClusterNode;
  readonly password: string;
  readonly progress: Progress;
  readonly env: NodeJS.ProcessEnv;
  /**
   * Whether to delete everything that the server holds; called with what that is.
   *
   * @default never: a server that isn't empty is refused
   */
  readonly wipe?: (holdings: string) => Promise<boolean>;
}

/** A worker that is ready to be registered, and with whom. */
export interface Prepared {
  /** The cluster without the workers that were removed for maintenance. */
  readonly members: Cluster;
  /** `join`: it is to be registered; `resumed`: it takes shards again; `unchanged`: it was registered, and took them. */
  readonly outcome: "join" | "resumed" | "unchanged";
  /** Whether what its server held was deleted. */
  readonly wiped: boolean;
}

/**
 * Makes a worker of the environment ready to be registered: a drained one takes shards again, one that isn't empty is
 * wiped where that is wanted. Registration itself is `register` with the members that this returns.
 *
 * @throws Failure (refused) for a server that is not empty
 */
export async function prepareWorker(session: Session, options: AddOptions): Promise<Prepared> {
  const { cluster, node, password, progress, env } = options;
  await takeLock(session, progress, env);
  await limitNodeConnections(session);
  await checkCoordinator(session, cluster, "change");
  const facts = await coordinatorFacts(session);
  await prepareRecord(session);
  await storeOnCoordinator(session, cluster.user, password, facts);
  const view = await readView(session, cluster);
  const registeredAs = ({ id }: ClusterNode) => view.find((each) => each.id === id)?.registered;
  const there = registeredAs(node);
  const changed =
    there === undefined
      ? await emptyWorker(session, options)
      : await withWaitsTold(session, { progress, seconds: readBlockedTimeout(env) }, () =>
          letTakeShards(session, node, there, progress),
        );
  const out = cluster.nodes.filter(
    (each) => each.role === "worker" && each.id !== node.id && registeredAs(each) === undefined,
  );
  for (const { id } of out) progress(`${id}: is not registered, and stays out`);
  return {
    members: { ...cluster, nodes: cluster.nodes.filter((each) => !out.includes(each)) },
    outcome: there === undefined ? "join" : changed ? "resumed" : "unchanged",
    wiped: there === undefined && changed,
  };
}

/** @returns whether it took none before */
async function letTakeShards(
  session: Session,
  node: ClusterNode,
  { endpoint, shouldhaveshards }: RegisteredNode,
  progress: Progress,
): Promise<boolean> {
  if (shouldhaveshards) {
    progress(`${node.id}: is registered already, and takes shards`);
    return false;
  }
  await session.transaction(async () => {
    await session.query("SELECT citus_set_node_property($1::text, $2::int, 'shouldhaveshards', true)", [
      endpoint.host,
      endpoint.port,
    ]);
    await clearLeaving(session, [node.id]);
    // Registration then does for it what it does for one that it added.
    await markRebalanceDue(session, node.id);
  });
  progress(`${node.id}: takes shards again`);
  return true;
}

/** @returns whether it was wiped */
async function emptyWorker(session: Session, options: AddOptions): Promise<boolean> {
  const { node, progress, wipe } = options;
  const facts = await askFacts(session, options);
  const holdings = await readHoldings(session, node.endpoint, facts);
  if (holdings.empty) return false;
  if (wipe === undefined) throw notEmpty(options, holdings);
  await requireWipeable(session, options.cluster, node, facts);
  if (!(await wipe(holdings.text))) throw notEmpty(options, holdings);
  await wipeWorker(session, node.endpoint);
  const left = await readHoldings(session, node.endpoint, await askFacts(session, options));
  if (!left.empty) throw notEmpty(options, left);
  progress(`${node.id}: wiped: everything in database ${options.cluster.database} is gone`);
  return true;
}

function notEmpty({ cluster, node }: AddOptions, { text }: NewcomerHoldings): Failure {
  return new Failure(
    `${node.id} is not empty: it holds ${text}`,
    advise`joining would drop tables whose names the cluster uses, so it is refused; if all of it may be deleted:
      ${commandIn(cluster, "add", node.id, "--wipe")}`,
    { exitCode: EXIT.refused },
  );
}

async function askFacts(session: Session, { cluster, node }: AddOptions): Promise<NodeFacts> {
  const [answer] = await nodeFacts(session, cluster.database, [node.endpoint]);
  if (answer !== undefined && "facts" in answer) return answer.facts;
  throw new Failure(
    `${node.id} can't be added: ${answer?.unknown.what ?? "no answer"}`,
    answer?.unknown.remedy ?? "check that its container is running",
  );
}
