import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../base/failure";
import { describeBlocker, sqlToEnd } from "../../cluster/waits/describe-wait";
import type { Session } from "../../cluster/connection/session";
import { SQLSTATE, sqlStateOf } from "../../cluster/connection/sqlstate";
import { findTableHolder } from "./table-holder";
import { AGAIN, advise, commandIn } from "../../base/remedy";

/** How long it may wait for a table that somebody holds, in milliseconds. */
const LOCK_MS = 3000;

/** How often it is tried while tables are dropped, and the pause before it is tried again, in milliseconds. */
const TRIES = 8;
const PAUSE_MS = 250;

/** The tables whose entries in its cache Citus keeps pointers into while it plans: the first of each colocation group. */
const TABLES = `SELECT string_agg(name, ', ') AS names FROM (
  SELECT DISTINCT ON (colocationid, CASE colocationid WHEN 0 THEN logicalrelid::oid END) logicalrelid::text AS name
    FROM pg_dist_partition WHERE partmethod <> 'n'
   ORDER BY colocationid, CASE colocationid WHEN 0 THEN logicalrelid::oid END, ctid) t`;

/**
 * Does what plans a rebalance in a transaction in which none of its tables can be dropped: whoever drops one waits until it is
 * over, and nothing else does. Citus 13.0.3 plans with what it has in its cache of tables, and where one is dropped meanwhile
 * the server ends by a segmentation fault, with all of its sessions: of a few hundred plans beside three DROP TABLE a
 * second, two did.
 *
 * @throws the server's error; Failure, which names who holds a table, or where tables are dropped without a pause
 */
export async function withTablesKept<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  for (let number = 1; ; number++) {
    try {
      return await session.transaction(async () => {
        await session.query(`SET LOCAL lock_timeout = ${LOCK_MS}`);
        await lockTables(session);
        return await work();
      });
    } catch (error) {
      if (sqlStateOf(error) === SQLSTATE.lockNotAvailable) {
        const held = await heldFailure(session, error);
        if (held !== undefined) throw held;
        if (number === TRIES) throw error;
      } else if (!isDropped(error)) {
        throw error;
      }
      if (number === TRIES) throw isSizeUnknown(error) ? sizeFailure(session, error) : droppedFailure(error);
      await sleep(PAUSE_MS);
    }
  }
}

async function lockTables(session: Session): Promise<void> {
  const [row] = await session.query<{ names: string | null }>(TABLES);
  if (!row?.names) return;
  // Of this server alone: Citus would carry it to every node.
  await session.query("SET LOCAL citus.enable_ddl_propagation = off");
  await session.query(`LOCK TABLE ${row.names} IN ACCESS SHARE MODE`);
  await session.query("SET LOCAL citus.enable_ddl_propagation TO DEFAULT");
}

/** Undefined where nobody holds one any more. */
async function heldFailure(session: Session, cause: unknown): Promise<Failure | undefined> {
  const holder = await findTableHolder(session);
  if (holder === undefined) return undefined;
  return new Failure(
    `a rebalance can't be planned while ${holder.table} is locked by ${describeBlocker(holder)}`,
    advise`wait until that is over, or end it in SQL ${sqlToEnd(holder.blocking)}; then ${AGAIN}`,
    { cause },
  );
}

function droppedFailure(cause: unknown): Failure {
  return new Failure(
    "a rebalance can't be planned while many distributed tables are being dropped",
    advise`${AGAIN} when fewer are being dropped`,
    { cause },
  );
}

function sizeFailure({ place }: Session, cause: unknown): Failure {
  return new Failure(
    "a rebalance can't be planned: Citus can't get the size of a shard",
    advise`${commandIn(place, "status")} names the shard that is missing, or the node that doesn't answer`,
    { cause },
  );
}

/** A table that was listed is gone. */
function isDropped(error: unknown): boolean {
  return (
    sqlStateOf(error) === SQLSTATE.undefinedTable ||
    isSizeUnknown(error) ||
    (error instanceof Error && /^relation with OID \d+ does not exist/.test(error.message))
  );
}

/** Citus says the same of a shard that is dropped, of a table that is younger than our list, and of a node that doesn't answer. */
function isSizeUnknown(error: unknown): boolean {
  return error instanceof Error && error.message === "cannot get the size because of a connection error";
}
