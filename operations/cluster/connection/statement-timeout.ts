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
  const before = await limitStatements(session, milliseconds);
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    // The first error is the one that counts, also when the connection is gone.
    await setLimit(session, before).catch(() => undefined);
    throw error;
  }
  await setLimit(session, before);
  return result;
}

/** Whether statement_timeout, or somebody, ended the statement. */
export function wasCanceled(error: unknown): boolean {
  return sqlStateOf(error) === SQLSTATE.queryCanceled;
}

/**
 * From here on no statement of the session runs longer than this.
 *
 * @param milliseconds 0: no limit
 * @returns the limit that held until now, as PostgreSQL writes it
 */
export function limitStatements(session: Session, milliseconds: number): Promise<string> {
  return setLimit(session, String(Math.ceil(milliseconds)));
}

/** By one question: it is also asked where each takes long. */
async function setLimit(session: Session, value: string): Promise<string> {
  const [row] = await session.query<{ before: string }>(
    `WITH now AS MATERIALIZED (SELECT current_setting('statement_timeout') AS before)
     SELECT before, set_config('statement_timeout', $1::text, false) FROM now`,
    [value],
  );
  return row?.before ?? "0";
}
