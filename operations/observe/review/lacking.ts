import { isCoordinatorId } from "../../../model/contract/node-id";
import type { NodeImpact } from "./impact";
import type { Lacking } from "./live-facts";

/**
 * Finds the nodes that a plan takes for new ones, though they run as members of the cluster that answers. A worker of which a
 * killed apply has left no more than the volume in the state is not among them: it is about to join.
 *
 * @param registered ids of the nodes that the coordinator has
 * @param at where the coordinator answered, as `host:port`
 */
export function findLacking(
  nodes: readonly NodeImpact[],
  registered: readonly string[],
  at: string,
): Lacking | undefined {
  const lacking = nodes.filter(
    ({ id, fate, newVolume }) =>
      fate === "joins" && (isCoordinatorId(id) || (newVolume && registered.includes(id))),
  );
  if (lacking.length === 0) return undefined;
  return { nodes: lacking.map(({ id }) => id), all: lacking.length === nodes.length, at };
}
