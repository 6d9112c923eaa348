import type { Problem } from "../../base/failure";
import type { Foresight } from "../../cluster/moving/foresight";

/** Nodes that run as members of the cluster and that the plan takes for new ones: the state doesn't have them. */
export interface Lacking {
  /** Their ids. */
  readonly nodes: readonly string[];
  /** Whether that are all nodes of the plan: the state is empty. */
  readonly all: boolean;
  /** Where the coordinator answered, as `host:port`. */
  readonly at: string;
}

/** What the running cluster says of a change. */
export type LiveFacts = {
  /** Why the server that answered may be another one than the coordinator that is meant. */
  readonly doubts: readonly Pick<Problem, "what" | "remedy">[];
  /** @default the state has them all */
  readonly lacking?: Lacking;
} & (
  | { readonly asked: true; readonly foresight: Foresight }
  /** `because` goes on from a colon, e.g. `--plan-only was given`. */
  | { readonly asked: false; readonly because: string }
);
