import type { Finding } from "../../base/finding";
import type { Remedy } from "../../base/remedy";

export type { Finding } from "../../base/finding";

/** A check of one place, under its name. */
export interface Place {
  /** Short name of the check, the same in every version: `engine`, `reachability`. */
  readonly check: string;
  /** Docker host or node id; the environment's name where it concerns the whole cluster. */
  readonly where: string;
}

export function ok({ check, where }: Place, what: string): Finding {
  return { severity: "ok", check, node: where, what };
}

export function skipped({ check, where }: Place, what: string, remedy?: Remedy): Finding {
  return { severity: "skipped", check, node: where, what, ...(remedy === undefined ? {} : { remedy }) };
}

export function warning({ check, where }: Place, what: string, remedy: Remedy): Finding {
  return { severity: "warning", check, node: where, what, remedy };
}

export function failed({ check, where }: Place, what: string, remedy: Remedy): Finding {
  return { severity: "broken", check, node: where, what, remedy };
}
