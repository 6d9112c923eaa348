import { isNamedAs } from "../../../model/contract/server-name";
import type { Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { isOtherDatabase } from "../../base/command-line";
import { EXIT, Failure } from "../../base/failure";
import { byCoordinator } from "../../cluster/holdings/server";
import { surveyWorker } from "../../cluster/holdings/of-worker";
import { nodeFacts } from "../../cluster/nodes/node-facts";
import type { Moved } from "../drain/drain";
import { deregister, emptyNode, explainRemoval } from "./removal";
import type { Session } from "../../cluster/connection/session";
import { type MaintenanceOptions, beginMaintenance, isDeclared } from "./begin";
import { cleanWorker } from "./clean-worker";
import { explainLeft } from "./explain-left";
import { AGAIN, type Remedy, advise, commandIn } from "../../base/remedy";

/** What a removal came to. */
export interface Removed {
  /** Whether it was in the cluster until now. */
  readonly wasRegistered: boolean;
  readonly moved: Moved;
  /** Objects of the cluster that were dropped on its server. */
  readonly dropped: number;
  /** What its server keeps. */
  readonly kept: readonly Kept[];
}

interface Kept {
  readonly what: string;
  /** Null for what was the cluster's and stays since something else there depends on it. */
  readonly remedy: Remedy | null;
}

/**
 * Moves all shards away from a worker, removes it from the cluster and leaves its server empty, so that it can be added
 * again. Container and volume stay.
 *
 * @throws Failure; the next run goes on from there, but for one that is no node of the environment and is removed
 *   already: nothing names it to a next run, and the failure says what is left to do by hand
 */
export async function removeWorker(session: Session, options: MaintenanceOptions): Promise<Removed> {
  const { cluster, id, progress } = options;
  let moved: Moved = { shards: 0, bytes: 0 };
  let left: Pick<Removed, "dropped" | "kept"> = { dropped: 0, kept: [] };
  try {
    const removal = await beginMaintenance(session, options, "removed");
    if (removal === undefined) progress(`${id}: is not registered: nothing to move`);
    else moved = await emptyNode(session, removal, () => deregister(session, removal.node, progress));
    const endpoint =
      removal?.node.endpoint ?? options.home ?? cluster.nodes.find((node) => node.id === id)?.endpoint;
    if (endpoint !== undefined) {
      try {
        left = await leaveEmpty(session, endpoint, options, removal !== undefined);
      } catch (error) {
        throw isKnown(options) ? error : await explainLeft(session, endpoint, id, error);
      }
    }
    if (isOtherDatabase(cluster)) {
      progress(
        `${id}: in database ${cluster.database} it stays out: no deploy adds it there; by hand: SELECT ` +
          "citus_add_node(...) on the coordinator, in that database",
      );
    } else if (isDeclared(cluster, { id })) {
      progress(
        advise`${id}: the environment still lists it: the next apply that changes a node, an address, an image or a start-up
          setting adds it again, as does ${commandIn(cluster, "add", id)}; an apply without changes does
          not. If it is deleted from the environment, its container and its volume are destroyed`,
      );
    }
    return { wasRegistered: removal !== undefined, moved, ...left };
  } catch (error) {
    throw explainRemoval(error, cluster);
  }
}

/** Another run finds its server again. */
function isKnown({ cluster, id, home }: MaintenanceOptions): boolean {
  return home !== undefined || isDeclared(cluster, { id });
}

async function leaveEmpty(
  session: Session,
  endpoint: Endpoint,
  { cluster, id, progress }: MaintenanceOptions,
  wasMember: boolean,
): Promise<Pick<Removed, "dropped" | "kept">> {
  await requireOurs(session, endpoint, { cluster, id }, wasMember);
  const { dropped, needed } = await cleanWorker(session, endpoint);
  if (needed.length > 0) {
    const names = needed.map(({ kind, name }) => `${kind} ${name}`).join(", ");
    progress(`${id}: objects of the cluster that something else there depends on stay: ${names}`);
  }
  const keeps = needed.length > 0 ? "nothing else" : "nothing";
  progress(`${id}: its server keeps ${keeps} of the cluster (${dropped} objects dropped)`);
  const { held, said, elsewhere } = await surveyWorker(session, cluster, {
    label: id,
    server: byCoordinator(session, endpoint),
    endpoint,
  });
  for (const line of said) progress(`${id}: ${line}`);
  for (const { what, remedy } of held)
    progress(advise`${id}: it keeps ${what}, which was never the cluster's: ${remedy}`);
  for (const { database, what, remedy } of elsewhere)
    if (database !== cluster.homeDatabase) progress(advise`${id}: ${what}: ${remedy}`);
  const kept = [
    ...needed.map(({ kind, name }) => ({ what: `${kind.toLowerCase()} ${name}`, remedy: null })),
    ...held.map(({ what, remedy }) => ({ what, remedy })),
  ];
  return { dropped, kept };
}

/**
 * Another server may have the address, above all of a worker that isn't registered: only one that we started, which its
 * name says, or that was a member until now, is emptied.
 */
async function requireOurs(
  session: Session,
  endpoint: Endpoint,
  { cluster, id }: Pick<MaintenanceOptions, "cluster" | "id">,
  wasMember: boolean,
): Promise<void> {
  const [answer] = await nodeFacts(session, cluster.database, [endpoint]);
  const at = formatEndpoint(endpoint);
  if (answer === undefined || "unknown" in answer) {
    throw new Failure(
      `${id} is not in the cluster, but its server can't be emptied: ${answer?.unknown.what ?? "no answer"}`,
      answer?.unknown.remedy ?? advise`start it and ${AGAIN}`,
    );
  }
  const { groupid, cluster_name } = answer.facts;
  const ours = isNamedAs(cluster_name, cluster.name, id);
  if (groupid === 0 && (ours || wasMember)) return;
  throw new Failure(
    groupid === 0
      ? `${id} is not in the cluster, and the server at ${at} doesn't say that it is this node (cluster_name is "${cluster_name}")`
      : `the server at ${at} says that it is a worker of a cluster (group ${groupid})`,
    isDeclared(cluster, { id })
      ? advise`it was not touched; if all of its data may be deleted: ${commandIn(cluster, "add", id, "--wipe")}`
      : "nothing there was touched, and nothing needs to be: that server is another node's",
    { exitCode: EXIT.refused },
  );
}
