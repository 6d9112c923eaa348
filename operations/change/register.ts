import type { Cluster } from "../../model/cluster";
import type { Caller } from "../base/caller/caller";
import { coordinatorOf, workersOf } from "../cluster/cluster-file";
import { connect } from "../cluster/connection/connect";
import { takeLock } from "../cluster/nodes/lock";
import type { Progress } from "../base/progress";
import type { Amount } from "../cluster/shards/amount";
import { rebalanceAfterAdding } from "./rebalance/after-adding";
import { prepareRecord } from "../cluster/nodes/migrate-record";
import { checkCoordinator } from "../cluster/nodes/check-coordinator";
import { storeOwnOnCoordinator } from "./credentials/own-password";
import { storeElsewhere } from "./credentials/store-elsewhere";
import { keepNodeConnectionsAlive } from "./registration/node-connections";
import { type Reconciled, reconcile } from "./registration/reconcile";
import { describeSpread, spreadCredentials, storedRoles } from "../cluster/roles/spread-credentials";
import { storeDeclaredRoles } from "./credentials/declared-roles";
import { type NodeFacts, coordinatorFacts } from "../cluster/nodes/node-facts";
import type { Session } from "../cluster/connection/session";
import { verify } from "./registration/verify";
import { limitNodeConnections } from "../cluster/nodes/reachability";
import { readBlockedTimeout } from "../cluster/moving/blocked-timeout";
import { withWaitsTold } from "../cluster/moving/with-waits-told";

export interface RegisterOptions {
  readonly progress: Progress;
  /** Whether something was changed before, so that the last line doesn't say that nothing was. @default false */
  readonly changed?: boolean;
  readonly caller: Caller;
}

/** What a registration changed. */
export interface RegistrationResult {
  /** Ids of the workers that were added. */
  readonly added: readonly string[];
  /** Moved to them, where the environment says so. */
  readonly moved: Amount;
}

/**
 * Makes the cluster's list of nodes what the environment says, and verifies all of it: every node is who it was, and
 * every node reaches every node. Nothing is changed before everything was checked, and a second run changes nothing.
 * It never removes a node. Shards move only after workers were added, and only where the environment says so.
 *
 * @throws Failure with the cause and the remedy; the next run goes on from there
 */
export async function register(cluster: Cluster, options: RegisterOptions): Promise<RegistrationResult> {
  const { progress, caller } = options;
  const session = await connect(cluster, { command: "register", progress, caller });
  try {
    await takeLock(session, progress, caller.env);
    await limitNodeConnections(session);
    await checkCoordinator(session, cluster, "change");
    const facts = await coordinatorFacts(session);
    progress(
      `${coordinatorOf(cluster).id}: connected (${session.transport.name}: ${session.transport.description})`,
    );
    const waits = { progress, seconds: readBlockedTimeout(caller.env) };
    const { added } = await withWaitsTold(session, waits, () =>
      registerNodes(session, cluster, facts, options),
    );
    // Now that nodes are there to store them: what can't be stored doesn't undo that.
    await storeDeclaredRoles(session, cluster, { credentials: caller.credentials, progress });
    // Last: whatever becomes of it, every node is registered and verified.
    const moved = await rebalanceAfterAdding(session, cluster, { added, progress, env: caller.env });
    return { added, moved };
  } finally {
    await session.end();
  }
}

/** Makes the list of nodes and their passwords right, in every database, and verifies it. */
async function registerNodes(
  session: Session,
  cluster: Cluster,
  facts: NodeFacts,
  { progress, changed = false, caller }: RegisterOptions,
): Promise<Reconciled> {
  const password = caller.credentials.requireSuperuser().value;
  await prepareRecord(session);
  // First of all, as every look at a worker needs it.
  const stored = await storeOwnOnCoordinator(session, cluster, facts, password, progress);
  const roles = [cluster.user];
  const elsewhere = await storeElsewhere(session, cluster, { roles, coordinatorOnly: true, progress });
  const reconciled = await reconcile(session, cluster, facts, password, progress);
  const spread = await spreadCredentials(
    session,
    await storedRoles(session),
    workersOf(cluster).map(({ id, endpoint }) => ({ label: id, endpoint })),
  );
  for (const line of describeSpread(spread)) progress(line);
  // Once the addresses are right there as well.
  const spreadElsewhere = await storeElsewhere(session, cluster, { roles, progress });
  if (await keepNodeConnectionsAlive(session, cluster, progress))
    progress("from now on, the nodes notice within half a minute that another one is gone");
  await verify(session, cluster, progress, {
    ...reconciled,
    changed: reconciled.changed || stored || spread.length > 0 || elsewhere || spreadElsewhere || changed,
  });
  return reconciled;
}
