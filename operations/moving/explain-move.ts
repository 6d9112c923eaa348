import { Failure, oneLine } from "../failure";
import type { Session } from "../session";
import type { MovingNode } from "./watcher";

/** Why a move failed, with what can be told beyond Citus' own words. */
export async function explainMove(
  error: unknown,
  name: string,
  _session: Session,
  _members: readonly MovingNode[],
  _options: { readonly environment: string },
): Promise<Failure> {
  return new Failure(
    `moving ${name} failed: ${oneLine(error)}`,
    "see to the cause, then apply again: it goes on",
    { cause: error },
  );
}
