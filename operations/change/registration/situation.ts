import type { ClusterNode } from "../../../model/cluster";
import type { Place } from "../../base/place";
import type { FactsAnswer, NodeFacts } from "../../cluster/nodes/node-facts";
import type { RegisteredNode } from "../../cluster/nodes/registered";
import type { Identities } from "../../cluster/nodes/view";
import type { RecordedNode } from "../../cluster/nodes/recorded";

/** What is known of the cluster before anything is changed. */
export interface Situation {
  readonly cluster: string;
  /** For the commands that remedies give. */
  readonly place: Place & { readonly environment: string };
  readonly coordinator: NodeFacts;
  /** The workers that the environment wants, with what answered at their endpoints. */
  readonly workers: readonly { readonly node: ClusterNode; readonly answer: FactsAnswer }[];
  readonly registered: readonly RegisteredNode[];
  readonly record: ReadonlyMap<string, RecordedNode>;
  /** Of those that are registered and not recorded. @default nothing is known of them */
  readonly said?: Identities;
}

/** What is to be done with one node of the environment. */
export interface Decision {
  readonly node: ClusterNode;
  /**
   * `add`: not in pg_dist_node. `adopt`: there, but not in our record (made by hand, or by a run that was killed).
   * `change-endpoint`: the same server at another endpoint. `keep`: as recorded.
   */
  readonly action: "add" | "adopt" | "change-endpoint" | "keep";
  readonly facts: NodeFacts;
  /** Its row of pg_dist_node; absent for `add`. */
  readonly registered?: RegisteredNode;
  readonly recorded?: RecordedNode;
}
