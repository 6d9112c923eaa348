import type { Counts } from "./run-report.mjs";

export function chooseTiers(
  wanted: readonly string[],
  machine: { platform: string; uid: number | undefined },
): { tiers: string[]; skips: Counts["skips"] };
