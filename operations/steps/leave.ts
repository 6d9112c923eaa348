import type { Cluster } from "../../model/cluster";
import type { Caller } from "../base/caller/caller";
import { isCoordinatorId } from "../../model/contract/node-id";
import { coordinatorOf } from "../cluster/cluster-file";
import { CoordinatorUnreachable, connect } from "../cluster/connection/connect";
import { destroyRefused, mayDestroy, meansDestroy } from "../change/replacement/destroy-keys";
import { readTransferMode } from "../cluster/shards/transfer-mode";
import { EXIT, Failure, type Problem, oneLine, problemsFailure } from "../base/failure";
import { readFreeSpace } from "../docker/free-space";
import { mayDiscard } from "../cluster/holdings/discard-keys";
import { findHeld } from "../cluster/holdings/require-nothing-held";
import { followEndpoints } from "./leaving-endpoints";
import { liftAbandoned } from "../change/removal/leaving-marks";
import { leaveRequestOf, readMembers } from "../cluster/nodes/leaving-members";
import { takeLock } from "../cluster/nodes/lock";
import { findUnregisteredProblems } from "../change/removal/unregistered";
import { cleanWorker } from "../change/removal/clean-worker";
import { readBlockedTimeout } from "../cluster/moving/blocked-timeout";
import type { Progress } from "../base/progress";
import { checkCoordinator } from "../cluster/nodes/check-coordinator";
import { limitNodeConnections } from "../cluster/nodes/reachability";
import {
  NodesUnreachable,
  deregister,
  emptyNode,
  explainRemoval,
  findMember,
} from "../change/removal/removal";
import type { Session } from "../cluster/connection/session";
import { applyOne } from "../base/terraform-command";
import { advise } from "../base/remedy";

export interface LeaveOptions {
  readonly progress: Progress;
  readonly caller: Caller;
}

/** How long the Docker hosts may take to say how much room there is. In milliseconds. */
const SPACE_MS = 10_000;

/** Several nodes leave one after the other, and each may take hours. In seconds. */
const LOCK_TIMEOUT = "86400";

/**
 * Takes a worker out of the cluster before Terraform destroys its container and its volume: moves its shards to the nodes
 * that stay, and removes it from Citus' metadata. Refused before the first move where its server holds anything else that
 * no other node has. Does it again without harm; goes on where an earlier run ended.
 *
 * @param cluster the nodes that stay
 * @param id of the worker; one that is still in the cluster, or a coordinator, only goes together with the whole cluster
 * @throws Failure, with the worker, its data and its `shouldhaveshards` as before; never because somebody doesn't answer
 *   where both keys of a destroy are turned
 */
export async function leave(cluster: Cluster, id: string, options: LeaveOptions): Promise<void> {
  const { progress, caller } = options;
  const { env } = caller;
  const stays = cluster.nodes.some((node) => node.id === id);
  if (stays || isCoordinatorId(id)) {
    // A coordinator that isn't in the environment any more would be made anew, and empty, on another host.
    const what = stays ? `${id} stays` : `${id} is no longer the coordinator`;
    if (!mayDestroy(cluster, env)) throw destroyRefused(cluster, what, env);
    progress(`${id}: goes with the whole cluster, its shards are not moved`);
    return;
  }
  const mode = readTransferMode(env);
  const blockedTimeout = readBlockedTimeout(env);
  let opened: Session | undefined;
  try {
    const session = (opened = await connect(cluster, { command: `leave ${id}`, ...options }));
    await takeLock(session, progress, { PGDIST_LOCK_TIMEOUT: LOCK_TIMEOUT, ...env });
    await limitNodeConnections(session);
    const { record } = await checkCoordinator(session, cluster, "change");
    await followEndpoints(session, cluster, progress);
    const request = {
      ...leaveRequestOf(cluster),
      freeSpace: await readFreeSpace(cluster, caller, SPACE_MS),
    };
    const members = await readMembers(session, request);
    const node = await findMember(session, members, record, id);
    if (node === undefined) {
      await requireNothingToLose(session, id, { cluster, progress, caller, record });
      progress(`${id}: is not registered: nothing to move`);
      return;
    }
    const mayLose = (label: string) => mayDiscard(cluster, label, env);
    const findMore = () => findHeld(session, node, { cluster, progress, caller });
    await emptyNode(
      session,
      { node, members, request, mode, progress, blockedTimeout, findMore, mayLose },
      async () => {
        requireStillNothingHeld(
          id,
          await findHeld(session, node, { cluster, progress: () => undefined, caller }),
        );
        await deregister(session, node, progress);
      },
    );
    await liftAbandoned(session, members, node, progress);
    // Where Terraform doesn't come to destroying it, and it is wanted again, it can join as any new worker. That it holds
    // nothing else was seen just now, so what stays is lost to nobody.
    await cleanWorker(session, node.endpoint).catch((error: unknown) =>
      progress(`${id}: copies of reference tables stay on its server: ${oneLine(error)}`),
    );
  } catch (error) {
    const explained = explainRemoval(error, cluster);
    // A destroy of everything that meets a worker which was deleted, but not removed, from a cluster that is half down. Not
    // what was refused or failed on a cluster that answers: the keys may be left over from another day.
    if (!isSilence(explained)) throw explained;
    if (!meansDestroy(cluster, env)) throw orGone(explained, cluster, env);
    progress(`${id}: goes with the whole cluster, its shards were not moved: ${explained.summary}`);
  } finally {
    await opened?.end();
  }
}

/** Of a worker that isn't registered, and whose volume goes all the same. */
async function requireNothingToLose(...asked: Parameters<typeof findUnregisteredProblems>): Promise<void> {
  const [, id] = asked;
  const [first, ...others] = await findUnregisteredProblems(...asked);
  if (first !== undefined) throw problemsFailure([first, ...others], `${id} was not removed`, EXIT.refused);
}

/** The moves may have taken hours, in which people work. */
function requireStillNothingHeld(id: string, [first, ...others]: readonly Problem[]): void {
  if (first === undefined) return;
  throw problemsFailure([first, ...others], `the shards of ${id} have been moved, but it was not removed`);
}

type Silence = NodesUnreachable | CoordinatorUnreachable;

/** Whether the coordinator, or a node that the removal needs, doesn't answer at all; a refusal is an answer. */
function isSilence(error: unknown): error is Silence {
  return error instanceof NodesUnreachable || (error instanceof CoordinatorUnreachable && !error.answered);
}

/**
 * Terraform makes a container that is gone only after this step, so the next apply would end here again. Whether it is gone,
 * only Docker could tell.
 */
function orGone(error: Silence, cluster: Cluster, env: NodeJS.ProcessEnv): Failure {
  const staying = error instanceof NodesUnreachable ? error.staying : [coordinatorOf(cluster).id];
  if (staying.length === 0) return error;
  const { summary, remedy, detail } = error;
  const commands = staying.map((id) => applyOne(id, env)).join(" && ");
  const made = `a missing container must be recreated before the removal, in ${process.cwd()}: ${commands}`;
  return new Failure(summary, advise`${remedy}; ${made}`, { detail, cause: error });
}
