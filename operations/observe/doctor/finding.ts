import type { Remedy } from "../../base/remedy";

/** What a check came to. `skipped`: it could not be done, for a reason that another check names. */
export type Outcome = "ok" | "warning" | "failed" | "skipped";

/** One thing that doctor looked at. */
export interface Finding {
  readonly outcome: Outcome;
  /** Short name of the check, the same in every version: `engine`, `reachability`. */
  readonly check: string;
  /** Docker host or node id; the environment's name where it concerns the whole cluster. */
  readonly where: string;
  /** What was found, with its value. */
  readonly seen: string;
  /** What to do; only where something is wrong. */
  readonly remedy?: Remedy;
}

/** A check of one place, under its name. */
export interface Place {
  readonly check: string;
  readonly where: string;
}

export function ok({ check, where }: Place, seen: string): Finding {
  return { outcome: "ok", check, where, seen };
}

export function skipped({ check, where }: Place, seen: string, remedy?: Remedy): Finding {
  return { outcome: "skipped", check, where, seen, ...(remedy === undefined ? {} : { remedy }) };
}

export function warning({ check, where }: Place, seen: string, remedy: Remedy): Finding {
  return { outcome: "warning", check, where, seen, remedy };
}

export function failed({ check, where }: Place, seen: string, remedy: Remedy): Finding {
  return { outcome: "failed", check, where, seen, remedy };
}
