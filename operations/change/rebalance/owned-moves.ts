import { sameEndpoint } from "../../cluster/nodes/registered";
import { type NodeView, labelAt } from "../../cluster/nodes/view";
import type { OwnedMoves } from "../../cluster/roles/immobile-owners";
import type { PlannedMove } from "./plan";

/** What planned moves need of the owners of their tables. */
export function ownedMoves(nodes: readonly NodeView[], moves: readonly PlannedMove[]): OwnedMoves {
  const targets = moves.map(({ target }) => target);
  const distinct = targets.filter(
    (target, index) => targets.findIndex((each) => sameEndpoint(each, target)) === index,
  );
  return {
    tables: [...new Set(moves.flatMap(({ tables }) => tables))],
    targets: distinct.map((endpoint) => ({ label: labelAt(nodes, endpoint), endpoint })),
  };
}
