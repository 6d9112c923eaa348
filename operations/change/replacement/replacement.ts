import type { ClusterNode } from "../../../model/cluster";

/** What differs between a container that runs and the one that the environment wants. */
export interface Change {
  readonly kind: "image" | "setting" | "cpus";
  /** For people: `max_connections 100 -> 200`. */
  readonly text: string;
}

/** A node whose container would be replaced, and why. */
export interface Replacement {
  readonly node: ClusterNode;
  readonly changes: readonly Change[];
}
