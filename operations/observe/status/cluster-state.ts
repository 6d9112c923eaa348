import { type RecordedNode, readRecord } from "../../cluster/nodes/recorded";
import { type RegisteredNode, readRegistered } from "../../cluster/nodes/registered";
import { readUnsynced } from "../../cluster/holdings/known-relations";
import type { Session } from "../../cluster/connection/session";
import { type Moves, readMoves } from "./moves";

/** What the coordinator's own catalogs say, without asking another node. */
export interface ClusterState extends Moves {
  readonly registered: readonly (RegisteredNode & { readonly hasmetadata: boolean })[];
  readonly record: ReadonlyMap<string, RecordedNode>;
  readonly shards: readonly NodeShards[];
  readonly orphans: readonly Orphan[];
  /** Shards of append- and range-distributed tables by the group of their node: no worker knows those as shards. */
  readonly unsynced: ReadonlyMap<number, readonly string[]>;
  /** Jobs of rebalances: those that aren't over, and the last one. */
  readonly jobs: readonly Job[];
}

/** Shards that the metadata places on one group. */
interface NodeShards {
  readonly groupid: number;
  /** Of distributed tables. */
  readonly shards: number;
  /** Those that move together count once. */
  readonly groups: number;
  /** Of reference tables, which every node has. */
  readonly reference: number;
}

/** An entry of pg_dist_cleanup: what a move left behind. */
interface Orphan {
  readonly name: string;
  readonly groupid: number;
  /** The node that it is on is registered; otherwise nothing ever clears it away. */
  readonly registered: boolean;
}

interface Job {
  readonly id: number;
  /** scheduled, running, finished, cancelling, cancelled, failing or failed. */
  readonly state: string;
  readonly tasks: number;
  readonly done: number;
  /** Message of the task that fails or has failed, and how often it was tried again. */
  readonly error: string | null;
  readonly retries: number;
}

const SHARDS = `SELECT p.groupid,
       count(*) FILTER (WHERE NOT reference)::int AS shards,
       count(DISTINCT (colocation, shardminvalue)) FILTER (WHERE NOT reference)::int AS groups,
       count(*) FILTER (WHERE reference)::int AS reference
  FROM (SELECT p.groupid, s.shardminvalue, t.partmethod = 'n' AND (t.repmodel = 't' OR t.colocationid = 0) AS reference,
               CASE WHEN t.colocationid = 0 THEN s.shardid ELSE t.colocationid END AS colocation
          FROM pg_dist_partition t JOIN pg_dist_shard s USING (logicalrelid) JOIN pg_dist_placement p USING (shardid)) p
 GROUP BY p.groupid`;

const ORPHANS = `SELECT object_name AS name, node_group_id AS groupid,
       EXISTS (SELECT FROM pg_dist_node n WHERE n.groupid = c.node_group_id) AS registered
  FROM pg_dist_cleanup c ORDER BY record_id`;

const JOBS = `SELECT j.job_id::int AS id, j.state::text,
       count(t.task_id)::int AS tasks,
       count(t.task_id) FILTER (WHERE t.status = 'done')::int AS done,
       (array_agg(t.message ORDER BY t.task_id) FILTER (WHERE t.message <> '' AND t.status NOT IN ('done', 'cancelled')))[1]
         AS error,
       coalesce(max(t.retry_count) FILTER (WHERE t.status NOT IN ('done', 'cancelled')), 0)::int AS retries
  FROM pg_dist_background_job j LEFT JOIN pg_dist_background_task t USING (job_id)
 WHERE j.job_type = 'rebalance'
   AND (j.state NOT IN ('finished', 'cancelled', 'failed')
        OR j.job_id = (SELECT max(job_id) FROM pg_dist_background_job WHERE job_type = 'rebalance'))
 GROUP BY j.job_id ORDER BY j.job_id`;

export async function readClusterState(session: Session): Promise<ClusterState> {
  // Before the marks and leftovers of what ends meanwhile; whoever reads on asks again for what began meanwhile.
  const moves = await readMoves(session);
  const registered = await readRegistered(session);
  const metadata = await session.query<{ nodeid: number; hasmetadata: boolean }>(
    "SELECT nodeid, hasmetadata FROM pg_dist_node",
  );
  const record = await readRecord(session);
  return {
    registered: registered.map((node) => ({
      ...node,
      hasmetadata: metadata.find(({ nodeid }) => nodeid === node.nodeid)?.hasmetadata === true,
    })),
    record,
    shards: await session.query<NodeShards>(SHARDS),
    orphans: await session.query<Orphan>(ORPHANS),
    unsynced: await readUnsynced(session),
    jobs: await session.query<Job>(JOBS),
    ...moves,
  };
}
