import type { PlanJson } from "../../terraform/plan";
import { type StackHash, compareStacks } from "../../terraform/stack-hash";
import { compareFingerprints } from "./compare-fingerprints";
import type { Live, ReviewRecord } from "./review-record";

/** What is there now, to be compared with what was reviewed. */
export interface Present {
  readonly environment: string;
  /** SHA-256 of the plan's file. */
  readonly plan: string;
  readonly files: StackHash;
  readonly live: Live;
}

/** Whether the review refused the plan, and nobody let it pass. */
export function isRefused({ allowed, refusals }: ReviewRecord): boolean {
  return allowed === null && refusals.length > 0;
}

/** Why a plan must not be applied on the strength of its review: in words, each; none where all is as it was. */
export function findChanges(record: ReviewRecord, present: Present): string[] {
  return [
    ...(record.environment === present.environment
      ? []
      : [`the review is of environment ${record.environment}`]),
    ...(record.plan === present.plan
      ? []
      : [
          `the plan is not the one that was reviewed (its SHA-256 is ${digits(present.plan)}, not ${digits(record.plan)})`,
        ]),
    ...(isRefused(record) ? record.refusals.map(({ what }) => `the review refused it: ${what}`) : []),
    ...compareStacks(record.files, present.files),
    ...compareLive(record.live, present.live),
  ];
}

function compareLive(then: Live, now: Live): string[] {
  if (then.kind === "left-out" || now.kind === "left-out") return [];
  if (then.kind === "unanswered")
    return now.kind === "asked"
      ? [`the cluster could not be queried at the review (${then.cause}), and answers now`]
      : [];
  if (now.kind === "unanswered")
    return [`the cluster could be queried at the review, and can't be queried now: ${now.cause}`];
  return compareFingerprints(then.fingerprint, now.fingerprint);
}

/** Variables of this shell that are not what the plan was made with: in words, each, without a value. */
export function findOtherVariables({ variables = {} }: PlanJson, env: Readonly<NodeJS.ProcessEnv>): string[] {
  return Object.entries(variables).flatMap(([name, { value }]) => {
    const given = env[`TF_VAR_${name}`];
    if (given === undefined || typeof value !== "string" || given === value) return [];
    return [`TF_VAR_${name} is not what it was when the plan was made`];
  });
}

/** Enough to tell two apart. */
function digits(hash: string): string {
  return hash.slice(0, 12);
}
