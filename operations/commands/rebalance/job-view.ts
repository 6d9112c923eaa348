import type { JobProgress } from "../../change/rebalance/progress-of-job";

/** Shows how far a rebalance is, again and again. */
export interface JobView {
  show(progress: JobProgress): void;
  end(): void;
}
