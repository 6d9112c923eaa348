import type { Endpoint } from "../../environments/cluster";
import { formatEndpoint } from "../../environments/cluster";
import { EXIT, Failure } from "../failure";
import { nodeFacts } from "../registration/node-facts";
import { deregister, emptyNode, explainRemoval } from "../removal";
import type { Session } from "../session";
import { type MaintenanceOptions, beginMaintenance, isDeclared } from "./begin";
import { cleanWorker } from "./clean-worker";
import { explainLeft } from "./explain-left";

/**
 * Moves all shards away from a worker, removes it from the cluster and leaves its server empty, so that it can be added
 * again. Container and volume stay.
 *
 * @throws Failure; the next run goes on from there, but for one that is no node of the environment and is removed
 *   already: nothing names it to a next run, and the failure says what is left to do by hand
 */
export async function removeWorker(session: Session, options: MaintenanceOptions): Promise<void> {
  const { cluster, id, progress } = options;
  try {
    const removal = await beginMaintenance(session, options, "removed");
    if (removal === undefined) progress(`${id}: is not registered, there is nothing to move`);
    else await emptyNode(session, removal, () => deregister(session, removal.node, progress));
    const endpoint = removal?.node.endpoint ?? cluster.nodes.find((node) => node.id === id)?.endpoint;
    if (endpoint !== undefined) {
      try {
        await leaveEmpty(session, endpoint, options, removal !== undefined);
      } catch (error) {
        throw isDeclared(cluster, { id }) ? error : await explainLeft(session, endpoint, id, error);
      }
    }
    if (isDeclared(cluster, { id })) {
      progress(
        `${id}: the environment still lists it: the next apply that changes a node, an address, an image or a start-up ` +
          `setting adds it again, as does npx pg-dist add ${cluster.environment} ${id}; an apply without changes does ` +
          "not. Deleted from the environment, its container and its volume are destroyed",
      );
    }
  } catch (error) {
    throw explainRemoval(error);
  }
}

async function leaveEmpty(
  session: Session,
  endpoint: Endpoint,
  { cluster, id, progress }: MaintenanceOptions,
  wasMember: boolean,
): Promise<void> {
  await requireOurs(session, endpoint, { cluster, id }, wasMember);
  const dropped = await cleanWorker(session, endpoint);
  const [answer] = await nodeFacts(session, cluster.database, [endpoint]);
  if (answer === undefined || "unknown" in answer) {
    throw new Failure(
      `${id} is removed from the cluster, but can't be asked what it still holds: ${answer?.unknown.what}`,
      "start it and run this again: it is emptied then",
    );
  }
  const { tables, table_count } = answer.facts;
  progress(`${id}: its server keeps nothing of the cluster (${dropped} objects dropped)`);
  if (table_count > 0) {
    progress(
      `${id}: it keeps ${table_count} table(s) that were never the cluster's (${tables.join(", ")}): they are left, ` +
        "and it can't be added while they are there",
    );
  }
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
      `${id} is not in the cluster, but its server can't be emptied: ${answer?.unknown.what}`,
      answer?.unknown.remedy ?? "start it and run this again",
    );
  }
  const { groupid, cluster_name } = answer.facts;
  const ours = `${cluster_name} `.startsWith(`${cluster.name} ${id} `);
  if (groupid === 0 && (ours || wasMember)) return;
  throw new Failure(
    groupid === 0
      ? `${id} is not in the cluster, and the server at ${at} doesn't say that it is this node (cluster_name is "${cluster_name}")`
      : `the server at ${at} says that it is a worker of a cluster (group ${groupid})`,
    isDeclared(cluster, { id })
      ? `it was not touched; if all of its data may go: npx pg-dist add ${cluster.environment} ${id} --wipe`
      : "it was not touched",
    { exitCode: EXIT.refused },
  );
}
