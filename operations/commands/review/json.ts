import type { LiveFacts } from "../../observe/review/live-facts";
import type { Review } from "../../observe/review/review";
import { statementOf } from "../../observe/review/statements";

/** The plan that was reviewed. */
export interface ReviewedPlan {
  /** Its file, with the SHA-256 in hexadecimal; undefined where it was only looked at. */
  readonly saved: { readonly file: string; readonly sha256: string } | undefined;
  readonly terraform: string | undefined;
  /** RFC 3339. */
  readonly madeAt: string | undefined;
}

/** The report for a script, as schemas/review.json has it. */
export function describeReview(review: Review, plan: ReviewedPlan, allowed: string | undefined): object {
  const { cluster, impact, refusals, live } = review;
  return {
    environment: cluster.environment,
    cluster: cluster.name,
    plan: {
      ...{ file: plan.saved?.file ?? null, sha256: plan.saved?.sha256 ?? null },
      ...{ terraform: plan.terraform ?? null, madeAt: plan.madeAt ?? null },
    },
    refused: refusals.length > 0 && allowed === undefined,
    refusals,
    allowed: allowed ?? null,
    nodes: impact.nodes.map((node) => ({
      ...{ id: node.id, fate: node.fate, statement: statementOf(node, review), newVolume: node.newVolume },
      changes: node.changes.map(({ name, before, after, forces }) => ({
        ...{ name, before: before ?? null, after: after ?? null, forces },
      })),
    })),
    registers: impact.registers,
    others: impact.others,
    live: describeLive(live),
  };
}

function describeLive(live: LiveFacts): object {
  if (!live.asked) return { asked: false, because: live.because };
  const { mode, leaving, room, moving, sessions } = live.foresight;
  return {
    asked: true,
    ...{ mode, leaving, room, moving },
    sessions: [...sessions].map(([node, count]) => ({ node, count })),
  };
}
