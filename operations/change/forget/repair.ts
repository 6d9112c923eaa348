import { type Cluster, formatEndpoint } from "../../../model/cluster";
import { Failure } from "../../base/failure";
import { readStrategy } from "../../cluster/moving/strategy";
import type { Progress } from "../../base/progress";
import { forgetNodes } from "../../cluster/nodes/recorded";
import { explainOnNodes, remedyForWords } from "../../cluster/nodes/node-failure";
import { readRegistered } from "../../cluster/nodes/registered";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";
import { assignShards, byKey } from "./assign-shards";
import { dropLeftCopies } from "./left-copies";
import { registerCoordinator } from "./register-coordinator";
import { ShardDdl } from "./shard-ddl";
import type { Losses } from "./losses";
import { AGAIN, advise } from "../../base/remedy";

/**
 * Makes lost shards again, empty, on nodes that stay, and then in one transaction rewrites the metadata on all of them:
 * placements, nodes and what was to be cleaned up on those that are gone. Done again without harm.
 *
 * Citus has no way for this: it removes no node that holds an only placement, and neither changes nor drops a table
 * of which a shard has no living one (13.0).
 *
 * @throws Failure with the metadata as before; shards that were made already are made anew by the next run
 */
export async function repair(
  session: Session,
  losses: Losses,
  cluster: Cluster,
  progress: Progress,
): Promise<void> {
  const { nodes, lost } = losses;
  if (nodes.length === 0) return;
  const heirs =
    lost.length > 0 && losses.heirs.length === 0
      ? await registerCoordinator(session, cluster, nodes, progress)
      : losses.heirs;
  await dropLeftCopies(session, losses, progress);
  const strategy = await readStrategy(
    session,
    [...byKey(lost)].map(([key, shards]) => ({ key, shardids: shards.map(({ shardid }) => shardid) })),
    heirs.map(({ nodeid }) => nodeid),
  );
  const assignments = assignShards(lost, heirs, strategy);
  const ddl = await ShardDdl.read(
    session,
    lost.map(({ table }) => table),
  );
  const endpoints = new Map(
    (await readRegistered(session)).map(({ nodeid, endpoint }) => [nodeid, endpoint] as const),
  );
  for (const { nodeid, shards } of assignments) {
    const endpoint = endpoints.get(nodeid);
    if (endpoint === undefined) throw new Failure(`node ${nodeid} is gone`, advise`${AGAIN}`);
    const [answer] = await runOnNodes(session, [endpoint], [ddl.statementFor(shards)]);
    if (answer !== undefined && "value" in answer) continue;
    const error = answer?.error ?? "no answer";
    const which = shards.slice(0, 1).map(({ shardid, table }) => `shard ${shardid} of ${table}`);
    throw new Failure(
      `${which.join()} could not be created on ${formatEndpoint(endpoint)}: ${error}`,
      advise`nothing is forgotten yet; ${remedyForWords(error, cluster, formatEndpoint(endpoint))}, then ${AGAIN}`,
    );
  }
  if (lost.length > 0) progress(`${lost.length} lost shards recreated, empty`);
  session.takeMessages();
  const groups = nodes.map(({ groupid }) => groupid);
  try {
    await session.transaction(async () => {
      for (const { groupid, shards } of assignments) {
        // One copy each: with a replication factor of two, both may be lost, and a node must not have a shard twice.
        await session.query(
          `UPDATE pg_dist_placement SET groupid = $1
            WHERE placementid IN (SELECT min(placementid) FROM pg_dist_placement
                                   WHERE shardid = ANY ($2::bigint[]) AND groupid = ANY ($3::int[]) GROUP BY shardid)`,
          [groupid, shards.map(({ shardid }) => shardid), groups],
        );
      }
      // Of reference tables, and of tables with more than one copy.
      await session.query("DELETE FROM pg_dist_placement WHERE groupid = ANY ($1::int[])", [groups]);
      await session.query("DELETE FROM pg_dist_cleanup WHERE node_group_id = ANY ($1::int[])", [groups]);
      await session.query("DELETE FROM pg_dist_transaction WHERE groupid = ANY ($1::int[])", [groups]);
      await session.query("DELETE FROM pg_dist_node WHERE groupid = ANY ($1::int[])", [groups]);
      await forgetNodes(
        session,
        nodes.map(({ id }) => id),
      );
      await session.query("SELECT start_metadata_sync_to_all_nodes()");
    });
  } catch (error) {
    const { what, remedy, detail } = explainOnNodes(session, cluster, error);
    throw new Failure(
      `the metadata could not be changed, nothing is forgotten: ${what}`,
      advise`${remedy}, then ${AGAIN}`,
      { detail, cause: error },
    );
  }
  progress(`forgotten by Citus: ${nodes.map(({ id }) => id).join(", ")}`);
}
