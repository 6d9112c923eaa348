import type { Remedy } from "./remedy";

/** Of what is wrong, worst first. Advice is no fault: a cluster with nothing else is healthy. */
export const SEVERITIES = ["broken", "warning", "advice"] as const;

/** `ok`: looked at, and in order. `skipped`: it could not be looked at, for a reason that another check names. */
export type Severity = (typeof SEVERITIES)[number] | "ok" | "skipped";

interface Look {
  /** Name of the check, for scripts: it stays the same. */
  readonly check: string;
  /** Label of the node; of what concerns more than one node the Docker host, or nothing for the whole cluster. */
  readonly node?: string;
  /** With its value, without the node's name. */
  readonly what: string;
}

/** One thing that is wrong, or that is worth to know. */
export interface Fault extends Look {
  readonly severity: (typeof SEVERITIES)[number];
  /** The command that helps, or what to do. */
  readonly remedy: Remedy;
}

/** What a check came to. */
export type Finding = Fault | (Look & { readonly severity: "ok" | "skipped"; readonly remedy?: Remedy });

/** Whether the cluster is healthy, as the exit code says it. */
export function isHealthy(faults: readonly Fault[]): boolean {
  return faults.every(({ severity }) => severity === "advice");
}
