import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { inPlace } from "../../../operations/cli/watch";

const SCREEN = { rows: 24, columns: 80 };
const FOOTER = "every 2 s, Ctrl-C to quit";

/** Rows of the terminal that the drawing takes, its long lines wrapped. */
function rowsOf(drawn: string): number {
  const lines = stripVTControlCharacters(drawn).split("\n");
  return lines.reduce((sum, line) => sum + Math.max(Math.ceil(line.length / SCREEN.columns), 1), 0);
}

describe("a screen that is drawn in place", () => {
  it("is whole where it fits", () => {
    const drawn = inPlace(["header", "", "end"], FOOTER, SCREEN);
    expect(stripVTControlCharacters(drawn).split("\n")).toEqual(["header", "", "end", FOOTER]);
  });

  it.each([10, 80, 81, 200, 400])("never scrolls: 30 lines of %d characters", (length) => {
    const lines = ["header", ...Array.from({ length: 29 }, () => "x".repeat(length))];
    const drawn = inPlace(lines, FOOTER, SCREEN);
    expect(rowsOf(drawn)).toBeLessThan(SCREEN.rows);
    const shown = stripVTControlCharacters(drawn).split("\n");
    expect(shown[0]).toBe("header");
    expect(shown.at(-2)).toBe(`… ${lines.length - (shown.length - 2)} more lines`);
    expect(shown.at(-1)).toBe(FOOTER);
  });

  it("counts what is seen, not the colours", () => {
    const coloured = Array.from({ length: 20 }, () => `\x1b[31m${"x".repeat(78)}\x1b[39m`);
    expect(inPlace(coloured, FOOTER, SCREEN)).not.toContain("more lines");
  });

  it("clears what is left of the line before, and never the last character of a full row", () => {
    expect(inPlace(["short"], FOOTER, SCREEN)).toContain("short\x1b[K\n");
    const full = "x".repeat(160);
    expect(inPlace([full], FOOTER, SCREEN)).toContain(`${full}\n`);
  });
});
