import { isOtherDatabase } from "../../base/command-line";
import { Failure } from "../../base/failure";
import { clearLeaving } from "../../cluster/nodes/recorded";
import type { Moved } from "../drain/drain";
import { emptyNode, explainRemoval } from "./removal";
import type { Session } from "../../cluster/connection/session";
import { type MaintenanceOptions, beginMaintenance, isDeclared } from "./begin";
import { advise, commandIn } from "../../base/remedy";

/**
 * Moves all shards away from a worker, which stays in the cluster and takes none until it is added again. Unlike the mark
 * of a removal that is on its way, this holds through every apply: to registration it is a `shouldhaveshards` that people
 * have set.
 *
 * @returns what was moved away
 * @throws Failure, with the worker as before except for the shards that moved
 */
export async function drainWorker(session: Session, options: MaintenanceOptions): Promise<Moved> {
  const { cluster, id, endpoint, progress } = options;
  try {
    const removal = await beginMaintenance(session, options, "drained");
    if (removal === undefined) {
      throw new Failure(
        `${id} is not registered: it holds no shards`,
        advise`see ${commandIn(cluster, "status")}`,
      );
    }
    const at = removal.node.endpoint;
    const moved = await emptyNode(session, removal, () => clearLeaving(session, [removal.node.id ?? id]));
    progress(
      `${id}: drained: it holds no shards but its copies of reference tables, and takes none until ` +
        (endpoint === undefined && !isOtherDatabase(cluster)
          ? "it is added again"
          : `SELECT citus_set_node_property('${at.host}', ${at.port}, 'shouldhaveshards', true)`),
    );
    if (isDeclared(cluster, { id }) && !isOtherDatabase(cluster)) {
      progress(
        advise`${id}: the environment lists it, and an apply leaves it as it is now; to give it shards again:
          ${commandIn(cluster, "add", id)}`,
      );
    }
    progress(
      advise`${id}: it is still a member: DDL and writes to reference tables need it up; before its server goes down:
        ${commandIn(cluster, "remove", id)}`,
    );
    return moved;
  } catch (error) {
    throw explainRemoval(error, cluster);
  }
}
