import type { Cluster } from "../../../model/cluster";
import type { PlanJson } from "../../terraform/plan";
import { type Impact, impactOf } from "./impact";
import type { LiveFacts } from "./live-facts";
import { type Refusal, type Stopped, findRefusals, refusalsOfCluster } from "./refusals";

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

/** What is known of a plan besides what stands in it. */
interface Known {
  /** See `impactOf`. */
  readonly removed?: readonly string[];
  /** See `findRefusals`. */
  readonly stopped?: Stopped | undefined;
}

/**
 * Reviews a plan by itself, without asking the cluster.
 *
 * @param cluster as it is wanted: the `cluster.json` of the same synth
 */
export function reviewPlan(
  plan: PlanJson,
  cluster: Cluster,
  { removed = [], stopped }: Known = {},
): PlanReview {
  const impact = impactOf(plan, removed);
  return { cluster, impact, refusals: findRefusals(plan, impact, cluster, stopped) };
}

/** The same with what the cluster says of it. */
export function withLive(review: PlanReview, live: LiveFacts): Review {
  const refusals = [...review.refusals, ...refusalsOfCluster(live, review.cluster)];
  // What speaks of the state comes first: with another state it is another plan.
  const first = (code: Refusal["code"]) => Number(code === "state-lacks");
  return { ...review, live, refusals: refusals.sort((a, b) => first(b.code) - first(a.code)) };
}

/** Whether an apply of it would do nothing at all. */
export function isEmpty({ impact: { nodes, registers, guards, others } }: PlanReview): boolean {
  return !registers && !guards && others.length === 0 && nodes.every(({ fate }) => fate === "unchanged");
}
