import type { Cluster } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import { SQLSTATE, sqlStateOf } from "../../cluster/connection/sqlstate";
import { explainOnNodes } from "../../cluster/nodes/node-failure";
import { AGAIN, advise } from "../../base/remedy";

/** Reference tables that not every active node has. Citus copies them with the first shard that moves, or now. */
const MISSING = `SELECT p.logicalrelid::regclass::text AS name
  FROM pg_dist_partition p JOIN pg_dist_shard s USING (logicalrelid)
 WHERE p.partmethod = 'n' AND p.repmodel = 't'
   AND EXISTS (SELECT 1 FROM pg_dist_node n
                WHERE n.noderole = 'primary' AND n.isactive
                  AND NOT EXISTS (SELECT 1 FROM pg_dist_placement l
                                   WHERE l.shardid = s.shardid AND l.groupid = n.groupid))
 ORDER BY 1`;

/** Copies reference tables to the nodes that lack them. `citus_add_node` does not. */
export async function copyReferenceTables(
  session: Session,
  cluster: Cluster,
  progress: Progress,
): Promise<boolean> {
  const missing = await session.query<{ name: string }>(MISSING);
  if (missing.length === 0) return false;
  const names = missing.map(({ name }) => name).join(", ");
  progress(`copying reference tables to the nodes that lack them: ${names}`);
  session.takeMessages();
  try {
    await session.query("SELECT replicate_reference_tables()");
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { what, remedy, detail } = explainOnNodes(session, cluster, error);
    throw new Failure(
      `reference tables were not copied: ${what}`,
      sqlStateOf(error) === SQLSTATE.featureNotSupported
        ? advise`give the table a primary key and ${AGAIN}, or copy with writes blocked:
          SELECT replicate_reference_tables('block_writes')`
        : advise`${remedy}; then ${AGAIN}`,
      { detail, cause: error },
    );
  }
  progress("reference tables copied");
  return true;
}
