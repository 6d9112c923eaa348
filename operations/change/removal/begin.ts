import type { Cluster, Endpoint } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { readFreeSpace } from "../../docker/free-space";
import type { TransferMode } from "../../cluster/shards/transfer-mode";
import { type LeaveRequest, type Member, isNamed, readMembers } from "../../cluster/nodes/leaving-members";
import { takeLock } from "../../cluster/nodes/lock";
import { readBlockedTimeout } from "../../cluster/moving/blocked-timeout";
import type { Progress } from "../../base/progress";
import { prepareRecord } from "../../cluster/nodes/migrate-record";
import { type RecordedNode } from "../../cluster/nodes/recorded";
import { checkCoordinator } from "../../cluster/nodes/check-coordinator";
import { limitNodeConnections } from "../../cluster/nodes/reachability";
import { type Removal, findMember } from "./removal";
import type { Session } from "../../cluster/connection/session";

export interface MaintenanceOptions {
  readonly cluster: Cluster;
  /** Of the worker: `server-d/worker1`; of one that has no id, its endpoint as text. */
  readonly id: string;
  /** Where it is registered, if that is the only name that it has. */
  readonly endpoint?: Endpoint;
  /** Where its server is, if another database than the environment's is worked on and doesn't have it registered. */
  readonly home?: Endpoint;
  readonly mode: TransferMode;
  readonly progress: Progress;
  readonly caller: Caller;
}

/** How long the Docker hosts may take to say how much room there is. In milliseconds. */
const SPACE_MS = 10_000;

/**
 * Takes the cluster's lock and looks at all nodes.
 *
 * @returns undefined where the worker is not registered
 * @throws Failure for the coordinator, or where the session leads to another server than the coordinator
 */
export async function beginMaintenance(
  session: Session,
  options: MaintenanceOptions,
  done: LeaveRequest["done"],
): Promise<Removal | undefined> {
  const { cluster, id, endpoint, mode, progress, caller } = options;
  const blockedTimeout = readBlockedTimeout(caller.env);
  await takeLock(session, progress, caller.env);
  await limitNodeConnections(session);
  const { record } = await checkCoordinator(session, cluster, "change");
  await prepareRecord(session);
  const request = {
    ...requestFor(cluster, id, done),
    ...(endpoint === undefined ? {} : { endpoint }),
    freeSpace: await readFreeSpace(cluster, caller, SPACE_MS),
  };
  const members = await readMembers(session, request);
  const node =
    endpoint === undefined
      ? await findMember(session, members, record, id)
      : members.find((member) => isNamed(request, member));
  if (node === undefined) return undefined;
  return { node, members, request, mode, progress, blockedTimeout };
}

/**
 * The one worker; and one that a run of Terraform has marked as leaving and the environment no longer has, so that
 * nothing moves there.
 */
function requestFor(cluster: Cluster, id: string, done: LeaveRequest["done"]): LeaveRequest {
  const declared = new Set(cluster.nodes.map((node) => node.id));
  return {
    cluster: cluster.name,
    nodes: cluster.nodes,
    environment: cluster.environment,
    database: cluster.database,
    done,
    leaves: (each: string, recorded?: RecordedNode) =>
      each === id || (!declared.has(each) && (recorded?.leaving ?? null) !== null),
  };
}

/** The environment's name for a worker that it has. */
export function isDeclared(cluster: Cluster, { id }: Pick<Member, "id">): boolean {
  return cluster.nodes.some((node) => node.id === id);
}
