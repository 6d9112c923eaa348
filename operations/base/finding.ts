import type { Remedy } from "./remedy";

/** Worst first. Advice is no fault: a cluster with nothing else is healthy. */
export const SEVERITIES = ["broken", "warning", "advice"] as const;

export type Severity = (typeof SEVERITIES)[number];

/** One thing that is wrong, or that is worth to know. */
export interface Finding {
  readonly severity: Severity;
  /** Name of the check, for scripts: it stays the same. */
  readonly check: string;
  /** Label of the node; absent for what concerns the whole cluster. */
  readonly node?: string;
  /** With its value, without the node's name. */
  readonly what: string;
  /** The command that helps, or what to do. */
  readonly remedy: Remedy;
}

/** Whether the cluster is healthy, as the exit code says it. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === "advice");
}
