import { type Cluster, formatEndpoint } from "../../../model/cluster";
import type { RecordedNode } from "./record";
import { type RegisteredNode, sameEndpoint } from "./pg-dist-node";

/** As the environment calls the node at this endpoint, else as it was recorded. */
export function labelOf(
  { cluster }: { readonly cluster?: Cluster },
  { nodeid, endpoint }: Pick<RegisteredNode, "nodeid" | "endpoint">,
  record: ReadonlyMap<string, RecordedNode>,
): string {
  const declared = cluster?.nodes.find((node) => sameEndpoint(node.endpoint, endpoint));
  const recorded = [...record.values()].find((node) => node.nodeid === nodeid);
  return declared?.id ?? recorded?.id ?? formatEndpoint(endpoint);
}
