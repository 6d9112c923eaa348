import type { ClusterState } from "./cluster-state";

/**
 * Whether somebody moves shards by a session: by hand, or by a drain of ours, which has moments between two moves. Not by
 * get_rebalance_progress(), which asks the nodes for sizes. The brackets keep it from finding itself in another session
 * that runs it, and `\\m` from finding get_rebalance_table_shards_plan(), which moves nothing.
 */
const SESSION_MOVES = `EXISTS (SELECT FROM pg_stat_activity
   WHERE datname = current_database() AND pid <> pg_backend_pid()
     AND (application_name ~ '^pg-dist (leave|drain|remove) '
          OR state <> 'idle' AND query ~* '\\m(citus_([m]ove_shard_placement|[c]opy_shard_placement|[d]rain_node|[r]ebalance_wait)|[r]ebalance_table_shards)\\M'))`;

/** A job moves by processes of its own, which have moments between two moves, too. */
const JOB_MOVES = `EXISTS (SELECT FROM pg_dist_background_job
   WHERE job_type = 'rebalance' AND state::text NOT IN ('finished', 'cancelled', 'failed'))`;

/** An expression of SQL: whether shards move just now, or will in a moment. */
export const MOVING = `(${SESSION_MOVES} OR ${JOB_MOVES})`;

/** Whether shards move just now: what has the name of a move is in use then. */
export function movesRun({ moving, jobs }: Pick<ClusterState, "moving" | "jobs">): boolean {
  return moving || jobs.some(({ state }) => !["finished", "cancelled", "failed"].includes(state));
}

/** As Citus names the slots and subscriptions of moves and splits. */
export function isOfMove(name: string): boolean {
  return /^citus_shard_(move|split)_/.test(name);
}
