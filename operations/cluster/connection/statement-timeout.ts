import type { Session } from "./session";
import { SQLSTATE, sqlStateOf } from "./sqlstate";

/**
 * Runs work with another limit for each of its statements; afterwards the limit from before holds again.
 *
 * @param milliseconds 0: no limit
 */
export async function withStatementTimeout<Result>(
  session: Session,
  milliseconds: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const [row] = await session.query<{ before: string }>(
    "SELECT current_setting('statement_timeout') AS before",
  );
  await setLimit(session, String(milliseconds));
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    // The first error is the one that counts, also when the connection is gone.
    await setLimit(session, row?.before ?? "0").catch(() => undefined);
    throw error;
  }
  await setLimit(session, row?.before ?? "0");
  return result;
}

/** Whether statement_timeout, or somebody, ended the statement. */
export function wasCanceled(error: unknown): boolean {
  return sqlStateOf(error) === SQLSTATE.queryCanceled;
}

async function setLimit(session: Session, value: string): Promise<void> {
  await session.query("SELECT set_config('statement_timeout', $1::text, false)", [value]);
}
