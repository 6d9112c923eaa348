import { columnsOf, pad, shorten } from "../../base/columns";

/** One line of the progress display, before it is fitted to the terminal. */
export interface BarRow {
  readonly name: string;
  /** Speed and time left, or what is being done. */
  readonly note: string;
  /** `12 MB of 1.2 GB` */
  readonly sizes: string;
}

/** A bar fits the terminal between these. */
const BAR = { shortest: 8, longest: 24 };

/** Characters of a name, which gives way before the note does. */
const NAME = { shortest: 12, longest: 34 };

const GAP = "  ";

/** Characters of the parts, the same in all lines. */
export interface BarLayout {
  readonly width: number;
  readonly name: number;
  readonly bar: number;
  readonly note: number;
}

/**
 * Shares the width out: note and sizes get what they need, the bar what is left up to its longest, then the names are
 * shortened. What still doesn't fit is cut at the end of the line, where the sizes are.
 */
export function layOut(rows: readonly BarRow[], width: number): BarLayout {
  const longest = (part: keyof BarRow) => Math.max(0, ...rows.map((row) => columnsOf(row[part])));
  const note = longest("note");
  const room = width - note - longest("sizes") - 3 * GAP.length;
  const wanted = Math.min(longest("name"), NAME.longest);
  const bar = Math.min(Math.max(room - wanted, BAR.shortest), BAR.longest);
  const name = Math.min(Math.max(room - bar, Math.min(wanted, NAME.shortest)), wanted);
  return { width, name, bar, note };
}

/** @param bar the bar itself, of the layout's length */
export function barLine({ name, note, sizes }: BarRow, bar: string, layout: BarLayout): string {
  const parts = [pad(shorten(name, layout.name), layout.name), bar, pad(note, layout.note), sizes];
  return shorten(parts.join(GAP).trimEnd(), layout.width);
}
