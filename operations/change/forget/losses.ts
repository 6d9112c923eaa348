import type { Progress } from "../../base/progress";
import type { Caller } from "../../base/caller/caller";
import type { RegisteredNode } from "../../cluster/nodes/registered";
import type { RecordedNode } from "../../cluster/nodes/recorded";
import type { Heir } from "./assign-shards";
import type { LostShard, LostTable } from "./lost-shards";

/** A registered node by the name that it has in the output. */
export interface IdentifiedNode extends RegisteredNode {
  readonly id: string;
  readonly recorded?: RecordedNode;
}

/** What the cluster loses with Docker hosts that never come back. */
export interface Losses {
  /** Docker hosts, and single nodes (`server-d/worker1`) whose volume is lost. */
  readonly hosts: readonly string[];
  readonly nodes: readonly IdentifiedNode[];
  readonly lost: readonly LostShard[];
  readonly tables: readonly LostTable[];
  /** Nodes that stay and may take shards; the coordinator where there is no other. */
  readonly heirs: readonly Heir[];
}

export interface Survey {
  /** Another machine has the address of a host that is gone: that it refuses a connection proves nothing. */
  readonly replaced: boolean;
  readonly progress: Progress;
  readonly caller: Caller;
}
