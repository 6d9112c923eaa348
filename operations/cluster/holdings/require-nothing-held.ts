import type { Cluster } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import type { Problem } from "../../base/failure";
import { Failure } from "../../base/failure";
import type { Member } from "../nodes/leaving-members";
import type { Progress } from "../../base/progress";
import type { Session } from "../connection/session";
import type { Held } from "./contents";
import { howToDiscard, mayDiscard } from "./discard-keys";
import { byCoordinator } from "./server";
import { surveyWorker } from "./of-worker";
import { AGAIN, advise } from "../../base/remedy";

export interface DiscardOptions {
  readonly cluster: Cluster;
  readonly progress: Progress;
  readonly caller: Caller;
}

/**
 * What would be lost with a registered worker's volume, as problems; none where both keys say that it may be. Of other
 * databases of the coordinator in which it is a worker the keys say nothing: those have a way to move the shards away.
 */
export async function findHeld(session: Session, node: Member, options: DiscardOptions): Promise<Problem[]> {
  const { cluster, progress, caller } = options;
  try {
    const { held, said, elsewhere } = await surveyWorker(session, cluster, {
      ...node,
      server: byCoordinator(session, node.endpoint),
    });
    for (const line of said) progress(`${node.label}: ${line}`);
    return [...elsewhere, ...heldProblems(node.label, held, options)];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (mayDiscard(cluster, node.label, caller.env)) {
      progress(`${node.label}: ${error.summary}: it may be lost`);
      return [];
    }
    return [
      {
        node: node.label,
        what: error.summary,
        remedy: advise`${error.remedy}; ${howToDiscard(cluster, node.label, caller.env)}`,
      },
    ];
  }
}

/** As problems, the first with the way to lose all of it on purpose. */
export function heldProblems(
  id: string,
  held: readonly Held[],
  { cluster, progress, caller }: DiscardOptions,
): Problem[] {
  if (mayDiscard(cluster, id, caller.env)) {
    for (const { what } of held) progress(`${id}: goes with its volume, as \`discard\` says: ${what}`);
    return [];
  }
  const keys = howToDiscard(cluster, id, caller.env);
  const what = (each: Held) => `its server holds ${each.what}, which no other node has`;
  return held.map((each, index) => ({
    node: id,
    what: what(each),
    remedy: index === 0 ? advise`${each.remedy}; then ${AGAIN}; ${keys}` : each.remedy,
  }));
}
