import { Failure } from "../../base/failure";
import { Deadline } from "../../base/deadline";
import type { Progress } from "../../base/progress";
import type { Session } from "../connection/session";
import { SQLSTATE, sqlStateOf } from "../connection/sqlstate";
import { AGAIN, advise } from "../../base/remedy";

/**
 * Key of the advisory lock that keeps everything apart that changes the cluster's nodes: "pgdist" in ASCII, as a
 * bigint. Whoever works by hand can hold it too: `SELECT pg_advisory_lock(123589368574836)`.
 */
export const LOCK_KEY = String(0x706764697374);

/** A line that we still wait, this often. In milliseconds. */
const REPORT_MS = 10_000;

/**
 * Takes the cluster's lock for the rest of the session. It is released when the session ends, also when this program
 * dies. A program that outlived its Terraform holds it until it is done.
 *
 * @throws Failure when another session still holds it after PGDIST_LOCK_TIMEOUT seconds (default 600)
 */
export async function takeLock(session: Session, progress: Progress, env: NodeJS.ProcessEnv): Promise<void> {
  const limit = lockTimeout(env);
  const deadline = Deadline.in(limit * 1000);
  const [row] = await session.query<{ taken: boolean }>("SELECT pg_try_advisory_lock($1::bigint) AS taken", [
    LOCK_KEY,
  ]);
  let taken = row?.taken === true;
  while (!taken) {
    const holder = await describeHolder(session);
    if (deadline.passed) {
      throw new Failure(
        `another run is still working on the cluster after ${limit} s: ${holder}`,
        advise`wait for it and ${AGAIN}; or, if it must not continue, end it on the coordinator with pg_terminate_backend`,
      );
    }
    progress(`waiting for another run to finish: ${holder}`);
    taken = await waitForLock(session, Math.min(REPORT_MS, deadline.left(1)));
  }
}

function lockTimeout(env: NodeJS.ProcessEnv): number {
  const text = env["PGDIST_LOCK_TIMEOUT"];
  if (text === undefined || text === "") return 600;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new Failure(`PGDIST_LOCK_TIMEOUT is ${text}`, "set it to a number of seconds");
}

/** False when it was not released within the time. Waiting in the server, it is ours at the moment of its release. */
async function waitForLock(session: Session, milliseconds: number): Promise<boolean> {
  await session.query("SELECT set_config('lock_timeout', $1::text, false)", [`${Math.ceil(milliseconds)}ms`]);
  try {
    await session.query("SELECT pg_advisory_lock($1::bigint)", [LOCK_KEY]);
    return true;
  } catch (error) {
    if (sqlStateOf(error) === SQLSTATE.lockNotAvailable) return false;
    throw error;
  } finally {
    await session.query("SELECT set_config('lock_timeout', '0', false)");
  }
}

async function describeHolder(session: Session): Promise<string> {
  const [holder] = await session.query<{ text: string }>(
    `SELECT format('%s (since %s, process %s on the coordinator)',
                   coalesce(nullif(a.application_name, ''), 'a session without a name'),
                   to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'), a.pid) AS text
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32) | l.objid::bigint = $1::bigint`,
    [LOCK_KEY],
  );
  return holder?.text ?? "it has just ended";
}
