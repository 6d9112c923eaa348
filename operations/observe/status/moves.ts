import { isOwnApplication } from "../../../model/contract/application-name";
import { LOCK_KEY } from "../../cluster/nodes/lock";
import type { Session } from "../../cluster/connection/session";

/** What moves shards just now. */
export interface Moves {
  /** Whether shards move, or will in a moment. */
  readonly moving: boolean;
  /** A drain or a removal of ours is at work: the marks of leaving are its own, and it lifts them if it fails. */
  readonly draining: boolean;
  /** The backends of the coordinator that carry a move out, or wait for one. */
  readonly movers: readonly number[];
}

/**
 * A drain or removal of ours, also in the moments between two moves. By its lock, which it holds until its session ends:
 * one that waits for another run, or for somebody's yes, changes nothing yet.
 */
const OWN_SESSION = `${isOwnApplication("application_name", "leave", "drain", "remove")} AND pid IN (
  SELECT l.pid FROM pg_locks l
   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND (l.classid::bigint << 32) | l.objid::bigint = ${LOCK_KEY})`;

/**
 * A statement that moves shards, or waits for that. Not get_rebalance_progress(), which asks the nodes for sizes. The
 * brackets keep it from finding itself in another session that runs it, and `\\m` from finding
 * get_rebalance_table_shards_plan(), which moves nothing.
 */
const MOVES_SHARDS = `query ~* '\\m(citus_([m]ove_shard_placement|[c]opy_shard_placement|[d]rain_node|[r]ebalance_wait)|[r]ebalance_table_shards)\\M'`;

const OTHERS = "datname = current_database() AND pid <> pg_backend_pid()";

/** An expression of SQL: whether a drain or a removal of ours is at work. */
export const DRAINING = `EXISTS (SELECT FROM pg_stat_activity WHERE ${OTHERS} AND ${OWN_SESSION})`;

/** By hand, too; amid a transaction that has moved shards they are in use until its end. */
const SESSION_MOVES = `EXISTS (SELECT FROM pg_stat_activity WHERE ${OTHERS}
   AND (${OWN_SESSION} OR state <> 'idle' AND ${MOVES_SHARDS}))`;

/** A job moves by processes of its own, which have moments between two moves, too. */
const JOB_MOVES = `EXISTS (SELECT FROM pg_dist_background_job
   WHERE job_type = 'rebalance' AND state::text NOT IN ('finished', 'cancelled', 'failed'))`;

/** An expression of SQL: whether shards move just now, or will in a moment. */
export const MOVING = `(${SESSION_MOVES} OR ${JOB_MOVES})`;

const MOVERS = `SELECT pid FROM pg_stat_activity
   WHERE ${OTHERS} AND (${OWN_SESSION} OR state = 'active' AND ${MOVES_SHARDS})
  UNION
  SELECT t.pid FROM pg_dist_background_task t JOIN pg_dist_background_job j USING (job_id)
   WHERE j.job_type = 'rebalance' AND t.status::text = 'running' AND t.pid IS NOT NULL`;

/** Of the coordinator, which carries out every move. */
export async function readMoves(session: Session): Promise<Moves> {
  const [row] = await session.query<Moves>(
    `SELECT ${MOVING} AS moving, ${DRAINING} AS draining, ARRAY(${MOVERS}) AS movers`,
  );
  return row ?? { moving: false, draining: false, movers: [] };
}

/** What was at work at one of two times, or at both. */
export function eitherMoves(first: Moves, second: Moves): Moves {
  return {
    moving: first.moving || second.moving,
    draining: first.draining || second.draining,
    movers: [...new Set([...first.movers, ...second.movers])],
  };
}

/** Whether shards move just now: what has the name of a move is in use then. */
export function movesRun({
  moving,
  jobs,
}: Pick<Moves, "moving"> & { readonly jobs: readonly { readonly state: string }[] }): boolean {
  return moving || jobs.some(({ state }) => !["finished", "cancelled", "failed"].includes(state));
}

/** As Citus names the slots and subscriptions of moves and splits. */
export function isOfMove(name: string): boolean {
  return /^citus_shard_(move|split)_/.test(name);
}
