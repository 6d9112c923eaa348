import { Failure, oneLine } from "../base/failure";
import { SQLSTATE, sqlStateOf } from "../cluster/connection/sqlstate";
import { type Remedy, advise } from "../base/remedy";

/** What it means for whoever ran a command that a question reached its limit; any other error is left as it is. */
export function explainTimeout(error: unknown, timeoutMs: number, remedy: Remedy): unknown {
  // Somebody's pg_cancel_backend has the same code, and also ends what has no limit.
  if (sqlStateOf(error) !== SQLSTATE.queryCanceled || oneLine(error).includes("user request")) return error;
  return new Failure(
    `the coordinator did not answer within ${timeoutMs / 1000} s`,
    advise`${remedy}; --timeout allows more time`,
    { cause: error },
  );
}
