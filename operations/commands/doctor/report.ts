import type { Colour, Paint } from "../../cli/output";
import type { DescribedFinding, Outcome } from "./json";
import { render } from "../../base/remedy";

const MARKS: Readonly<Record<Outcome, { readonly mark: string; readonly colour: Colour }>> = {
  ok: { mark: "ok", colour: "green" },
  warning: { mark: "warning", colour: "yellow" },
  failed: { mark: "FAILED", colour: "red" },
  skipped: { mark: "skipped", colour: "dim" },
};

const OUTCOMES: readonly Outcome[] = ["ok", "warning", "failed", "skipped"];

/**
 * Lines for a person: each place with its checks, and at the end what is wrong, with what to do.
 *
 * @param quiet leaves out what is in order
 */
export function reportFindings(
  findings: readonly DescribedFinding[],
  paint: Paint,
  quiet: boolean,
): string[] {
  const shown = quiet ? findings.filter(({ outcome }) => outcome !== "ok") : findings;
  const width = Math.max(0, ...shown.map(({ check }) => check.length));
  const places = [...new Set(shown.map(({ where }) => where))];
  const lines = places.flatMap((place) => [
    paint("bold", place),
    ...shown
      .filter(({ where }) => where === place)
      .flatMap(({ outcome, check, seen, remedy }) => {
        const { mark, colour } = MARKS[outcome];
        const indent = " ".repeat(2 + LONGEST_MARK + 2 + width + 2);
        return [
          `  ${paint(colour, mark.padEnd(LONGEST_MARK))}  ${check.padEnd(width)}  ${seen}`,
          ...(remedy === undefined ? [] : [`${indent}${paint("cyan", "→")} ${render(remedy, "person")}`]),
        ];
      }),
  ]);
  return [...lines, ...(lines.length === 0 ? [] : [""]), summary(findings, paint)];
}

const LONGEST_MARK = Math.max(...OUTCOMES.map((outcome) => MARKS[outcome].mark.length));

function summary(findings: readonly DescribedFinding[], paint: Paint): string {
  const counts = OUTCOMES.map((outcome) => ({
    outcome,
    count: findings.filter((finding) => finding.outcome === outcome).length,
  }));
  const worst = counts.find(({ outcome, count }) => outcome === "failed" && count > 0) ?? counts[0];
  const text = counts
    .filter(({ outcome, count }) => count > 0 || outcome === "failed")
    .map(({ outcome, count }) => `${count} ${outcome}`)
    .join(", ");
  return paint(
    worst === undefined ? "bold" : MARKS[worst.outcome].colour,
    `${findings.length} checks: ${text}`,
  );
}
