import type { Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { EXIT, Failure } from "../../base/failure";
import { asFailure } from "../../cluster/connection/report";
import type { Session } from "../../cluster/connection/session";
import { cleanupByHand } from "./clean-worker";

/** More statements than this are not listed. */
const MOST = 100;

/**
 * Why a worker that is no node of the environment was removed, but not emptied, with what a person can do: by its
 * endpoint no run finds it any more.
 */
export async function explainLeft(
  session: Session,
  endpoint: Endpoint,
  id: string,
  error: unknown,
): Promise<Failure> {
  const failure = asFailure(error);
  // Another cluster's: nothing there is for us to drop.
  if (failure.exitCode === EXIT.refused) return failure;
  const at = formatEndpoint(endpoint);
  // The coordinator may be what is lost.
  const statements = await cleanupByHand(session).catch(() => []);
  const more = statements.length - MOST;
  const listed = [...statements.slice(0, MOST), ...(more > 0 ? [`and ${more} more DROPs`] : [])];
  return new Failure(
    `${id} is removed from the cluster, but its server still has objects of the cluster: ${failure.summary}`,
    statements.length === 0
      ? `by hand, by psql at ${at}, with citus.enable_ddl_propagation off: drop the copies of reference tables, and the ` +
          "types, functions and schemas of distributed tables; another run no longer knows this worker"
      : `by hand, by psql at ${at}: the statements above, and once more those that fail because something depends on it; ` +
          "another run no longer knows this worker",
    { detail: [...failure.detail, ...listed], cause: error },
  );
}
