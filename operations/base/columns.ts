import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How many columns of a terminal a text takes: a Chinese letter and an emoji take two, a colour none. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/**
 * With an ellipsis where it is cut; a coloured cell loses its colour then.
 *
 * @param width in columns of a terminal
 */
export function shorten(cell: string, width: number): string {
  if (columnsOf(cell) <= width) return cell;
  let text = "";
  for (const { segment } of CHARACTERS.segment(stripVTControlCharacters(cell))) {
    if (columnsOf(text + segment) > width - 1) break;
    text += segment;
  }
  return `${text}…`;
}

/** With spaces after it. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(width - columnsOf(text), 0));
}
