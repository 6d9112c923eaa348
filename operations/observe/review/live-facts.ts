import type { Problem } from "../../base/failure";
import type { Foresight } from "../../cluster/moving/foresight";

/** What the running cluster says of a change. */
export type LiveFacts = {
  /** Why the server that answered may be another one than the coordinator that is meant. */
  readonly doubts: readonly Pick<Problem, "what" | "remedy">[];
} & (
  | { readonly asked: true; readonly foresight: Foresight }
  /** `because` goes on from a colon, e.g. `--plan-only was given`. */
  | { readonly asked: false; readonly because: string }
);
