import type { Cluster } from "../../../model/cluster";
import type { PlanJson } from "../../terraform/plan";
import { type Impact, impactOf } from "./impact";
import type { LiveFacts } from "./live-facts";
import { type Refusal, findRefusals, refusalsOfCluster } from "./refusals";

/** What a plan does to a cluster, and why it must not be approved. */
export interface Review {
  readonly cluster: Cluster;
  readonly impact: Impact;
  readonly live: LiveFacts;
  /** None: it may be approved. */
  readonly refusals: readonly Refusal[];
}

/** What is known before the cluster is asked. */
export type PlanReview = Omit<Review, "live">;

/**
 * Reviews a plan by itself, without asking the cluster.
 *
 * @param cluster as it is wanted: the `cluster.json` of the same synth
 */
export function reviewPlan(plan: PlanJson, cluster: Cluster): PlanReview {
  const impact = impactOf(plan);
  return { cluster, impact, refusals: findRefusals(plan, impact, cluster) };
}

/** The same with what the cluster says of it. */
export function withLive(review: PlanReview, live: LiveFacts): Review {
  return { ...review, live, refusals: [...review.refusals, ...refusalsOfCluster(live)] };
}

/** Whether an apply of it would do nothing at all. */
export function isEmpty({ impact: { nodes, registers, guards, others } }: PlanReview): boolean {
  return !registers && !guards && others.length === 0 && nodes.every(({ fate }) => fate === "unchanged");
}
