import type { ClusterNode } from "../../../../model/cluster";
import type { Finding } from "../finding";
import type { EngineSnapshot, HostSnapshot, InsideSnapshot, NodeSnapshot, Snapshot } from "../snapshot";
import { runs } from "../container-runs";

/** Judges one Docker host, whose engine answered unless the check is that of the engine. */
export type HostCheck = (
  host: HostSnapshot & { readonly engine: EngineSnapshot },
  snapshot: Snapshot,
) => Finding[];

/** Judges one node from outside: its container. */
export type NodeCheck = (node: NodeSnapshot, snapshot: Snapshot) => Finding[];

/** Judges one node from inside its container. */
export type InsideCheck = (
  node: NodeSnapshot & { readonly inside: InsideSnapshot },
  snapshot: Snapshot,
) => Finding[];

/** Nodes whose container surely doesn't run: that others don't reach them is no finding of its own. */
export function standingStill({ nodes }: Snapshot): ClusterNode[] {
  return nodes
    .filter(({ container }) => container === "missing" || (container !== undefined && !runs(container)))
    .map(({ node }) => node);
}
