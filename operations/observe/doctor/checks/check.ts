import type { ClusterNode } from "../../../../model/cluster";
import type { Finding } from "../finding";
import type {
  EngineInspection,
  HostInspection,
  InsideInspection,
  NodeInspection,
  Inspection,
} from "../inspection";
import { isInspected } from "../inspection";
import { runs } from "../container-runs";

/** Judges one Docker host, whose engine answered unless the check is that of the engine. */
export type HostCheck = (
  host: HostInspection & { readonly engine: EngineInspection },
  inspection: Inspection,
) => Finding[];

/** Judges one node from outside: its container. */
export type NodeCheck = (node: NodeInspection, inspection: Inspection) => Finding[];

/** Judges one node from inside its container. */
export type InsideCheck = (
  node: NodeInspection & { readonly inside: InsideInspection },
  inspection: Inspection,
) => Finding[];

/** Nodes whose container surely doesn't run: that others don't reach them is no finding of its own. */
export function standingStill({ nodes }: Inspection): ClusterNode[] {
  return nodes
    .filter(({ container }) => {
      if (isInspected(container)) return !runs(container);
      return container === "missing" || (container !== undefined && container.listed !== "running");
    })
    .map(({ node }) => node);
}
