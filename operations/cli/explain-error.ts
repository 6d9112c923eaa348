import { Failure, oneLine } from "../base/failure";
import { SQLSTATE, sqlStateOf } from "../cluster/connection/sqlstate";
import { explainTimeout } from "./explain-timeout";
import type { Target } from "../cluster/connection/target";
import { extensionRemedy } from "../cluster/nodes/remedies";

/** What the errors that a command which only reads may meet mean for whoever ran it; any other is left as it is. */
export function explainError(
  error: unknown,
  command: string,
  {
    user,
    timeoutMs,
    server,
  }: Pick<Target, "user" | "timeoutMs"> & { readonly server?: { readonly stand_in: boolean } },
): unknown {
  const text = oneLine(error);
  if (/loaded Citus library version differs/.test(text)) {
    return new Failure(
      `the coordinator's Citus library and its extension in this database have different versions: ${text}`,
      extensionRemedy("in this database of every node"),
      { cause: error },
    );
  }
  switch (sqlStateOf(error)) {
    case SQLSTATE.queryCanceled:
      return explainTimeout(error, timeoutMs, "see its load and its locks");
    case SQLSTATE.insufficientPrivilege:
      return new Failure(
        `user ${user} may not see what ${command} shows: ${text}`,
        "connect as a superuser of the cluster",
        { cause: error },
      );
    case SQLSTATE.undefinedFunction:
      if (server?.stand_in !== true) return error;
      return new Failure(
        `the stand-in image does not imitate what ${command} asks: ${text}`,
        "it needs Citus itself",
        { cause: error },
      );
    default:
      return error;
  }
}
