import type { Finding, Severity } from "../../base/finding";
import type { Remedy } from "../../base/remedy";

/** What a check came to, as people and scripts are told it. */
export type Outcome = "ok" | "warning" | "failed" | "skipped";

const OUTCOMES: Readonly<Record<Severity, Outcome>> = {
  ok: "ok",
  // Worth to know, which no check of the doctor says alone.
  advice: "ok",
  warning: "warning",
  broken: "failed",
  skipped: "skipped",
};

function outcomeOf({ severity }: Pick<Finding, "severity">): Outcome {
  return OUTCOMES[severity];
}

/** A finding as schemas/doctor.json has it. */
export interface DescribedFinding {
  readonly outcome: Outcome;
  readonly check: string;
  readonly where: string;
  readonly seen: string;
  readonly remedy?: Remedy;
}

/** @param environment where a finding is about no node and no host */
export function describeFindings(findings: readonly Finding[], environment: string): DescribedFinding[] {
  return findings.map((finding) => {
    const { check, node, what, remedy } = finding;
    const told = { outcome: outcomeOf(finding), check, where: node ?? environment, seen: what };
    return remedy === undefined ? told : { ...told, remedy };
  });
}
