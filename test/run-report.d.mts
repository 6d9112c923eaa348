/** What a run came to. */
export interface Counts {
  passed: number;
  /** What failed, one line each. */
  failures: string[];
  skips: { test: string; reason: string }[];
}

export function readReport(tier: string, file: string, exitCode: number | string): Counts;
export function summaryOf(counts: Counts): string;
