import { type Cluster, type Endpoint, formatEndpoint } from "../../../model/cluster";
import { sameEndpoint } from "../../cluster/nodes/pg-dist-node";
import type { OwnedMoves } from "../../cluster/roles/immobile-owners";
import type { PlannedMove } from "./plan";

/** What planned moves need of the owners of their tables. */
export function ownedMoves(cluster: Cluster, moves: readonly PlannedMove[]): OwnedMoves {
  const targets = moves.map(({ target }) => target);
  const distinct = targets.filter(
    (target, index) => targets.findIndex((each) => sameEndpoint(each, target)) === index,
  );
  return {
    tables: [...new Set(moves.flatMap(({ tables }) => tables))],
    targets: distinct.map((endpoint) => ({ label: labelOf(cluster, endpoint), endpoint })),
  };
}

export function labelOf({ nodes }: Cluster, endpoint: Endpoint): string {
  return nodes.find((node) => sameEndpoint(node.endpoint, endpoint))?.id ?? formatEndpoint(endpoint);
}
