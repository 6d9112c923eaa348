import Table from "cli-table3";
import { columnsOf, shorten } from "../base/columns";

export interface Column {
  readonly header: string;
  /** @default "left" */
  readonly align?: "left" | "right";
  /** Where the terminal is too narrow, columns with a number are shortened, 1 first, and then left out, 1 first. */
  readonly yields?: number;
}

/** A shortened cell keeps so many columns of the terminal. */
const SHORTEST = 8;

const GAP = 2;

/**
 * Lines of a table without borders that fit the width. Cells may be coloured, and are one line each.
 *
 * @param paintHeader e.g. bold on a terminal
 * @param width columns of the terminal; Infinity where it isn't a terminal
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  paintHeader: (header: string) => string = (header) => header,
): string[] {
  const widths = fit(columns, naturalWidths(columns, rows), width);
  const shown = columns.flatMap((column, index) => {
    const space = widths[index] ?? 0;
    return space === 0 ? [] : [{ ...column, index, space }];
  });
  const table = new Table({
    head: shown.map(({ header, space }) => paintHeader(shorten(header, space))),
    colWidths: shown.map(({ space }) => space + GAP),
    colAligns: shown.map(({ align }) => align ?? "left"),
    chars: NO_BORDERS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP },
  });
  for (const row of rows) table.push(shown.map(({ index, space }) => shorten(row[index] ?? "", space)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

const NO_BORDERS = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right", "left"]
    .concat(["left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((name) => [name, ""]),
);

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ header }, index) =>
    Math.max(columnsOf(header), ...rows.map((row) => columnsOf(row[index] ?? ""))),
  );
}

/** Widths that fit; 0 for a column that is left out. */
function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const excess = () => widths.reduce((sum, each) => sum + (each === 0 ? 0 : each + GAP), -GAP) - width;
  const yielding = columns
    .map(({ yields }, index) => ({ yields: yields ?? Infinity, index }))
    .filter(({ yields }) => yields < Infinity)
    .sort((a, b) => a.yields - b.yields);
  for (const { index } of yielding) {
    if (excess() <= 0) break;
    const own = widths[index] ?? 0;
    widths[index] = Math.max(Math.min(own, SHORTEST), own - excess());
  }
  for (const { index } of yielding) {
    if (excess() <= 0) break;
    widths[index] = 0;
  }
  // What was left out last may have made more room than was needed.
  for (const { index } of [...yielding].reverse()) {
    const own = widths[index] ?? 0;
    if (own > 0 && excess() < 0) widths[index] = Math.min(natural[index] ?? own, own - excess());
  }
  return widths;
}
