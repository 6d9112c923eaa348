/** What became of one kind of fault. */
export interface KindCounts {
  injected: number;
  /** Came when what it was to hit had ended: not counted as faults. */
  tooLate: number;
  /** Of the injected ones: the apply that was hit ended well nevertheless. */
  survived: number;
}

/** The whole run, also as `--json`. */
export interface FaultReport {
  readonly seed: number;
  readonly count: number;
  injected: number;
  readonly kinds: Record<string, KindCounts>;
  /** Applies that ended the faults: by what had to be done before the one that succeeded. */
  readonly repairs: Record<string, number>;
  /** How often everything was checked. */
  checks: number;
  moves: number;
  acknowledged: number;
  seconds: number;
  violations: string[];
}

export function newReport(seed: number, count: number): FaultReport {
  return {
    ...{ seed, count, injected: 0, kinds: {}, repairs: {} },
    ...{ checks: 0, moves: 0, acknowledged: 0, seconds: 0, violations: [] },
  };
}

export function countsOf(report: FaultReport, kind: string): KindCounts {
  return (report.kinds[kind] ??= { injected: 0, tooLate: 0, survived: 0 });
}

export function timeLeft({ injected, count, seconds }: FaultReport): string {
  if (injected === 0) return "time left unknown";
  const left = (Math.max(count - injected, 0) * seconds) / injected;
  return left < 90 ? `${Math.round(left)} s left` : `${Math.round(left / 60)} min left`;
}

/** The table at the end. */
export function summaryLines(report: FaultReport): string[] {
  const rows = Object.entries(report.kinds).map(([kind, { injected, tooLate, survived }]) => [
    kind,
    `${injected}`,
    `${survived}`,
    `${tooLate}`,
  ]);
  const header = ["fault", "injected", "apply ended well", "too late, not counted"];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const format = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ");
  const repairs = Object.entries(report.repairs).map(([name, times]) => `${name} ${times}`);
  return [
    format(header),
    ...rows.map(format),
    `${report.injected} faults in ${(report.seconds / 60).toFixed(0)} min (seed ${report.seed}); everything checked ` +
      `${report.checks} times; ${report.acknowledged} rows acknowledged; ${report.moves} shard groups moved by the checks`,
    `the next apply succeeded after: ${repairs.join(", ") || "nothing"}`,
    report.violations.length === 0 ? "no violation" : `VIOLATIONS: ${report.violations.join("; ")}`,
  ];
}
