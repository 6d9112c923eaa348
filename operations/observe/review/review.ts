import type { Cluster } from "../../../model/cluster";
import type { PlanJson } from "../../terraform/plan";
import { type Impact, impactOf } from "./impact";
import { type Refusal, findRefusals } from "./refusals";

/** What a plan does to a cluster, and why it must not be approved. */
export interface Review {
  readonly cluster: Cluster;
  readonly impact: Impact;
  /** None: it may be approved. */
  readonly refusals: readonly Refusal[];
}

/**
 * Reviews a plan by itself, without asking the cluster.
 *
 * @param cluster as it is wanted: the `cluster.json` of the same synth
 */
export function reviewPlan(plan: PlanJson, cluster: Cluster): Review {
  const impact = impactOf(plan);
  const incomplete: Refusal[] =
    plan.errored === true
      ? [
          {
            code: "incomplete-plan",
            nodes: [],
            what: "the plan failed half-way, so that nobody can know all that it would do",
            remedy: "correct what Terraform says of it, and plan again",
          },
        ]
      : [];
  return { cluster, impact, refusals: [...incomplete, ...findRefusals(impact, cluster)] };
}

/** Whether an apply of it would do nothing at all. */
export function isEmpty({ impact: { nodes, registers, guards, others } }: Review): boolean {
  return !registers && !guards && others.length === 0 && nodes.every(({ fate }) => fate === "unchanged");
}
