import { stripVTControlCharacters } from "node:util";

/** With an ellipsis where it is cut; a coloured cell loses its colour then. */
export function shorten(cell: string, width: number): string {
  const text = stripVTControlCharacters(cell);
  return text.length <= width ? cell : `${text.slice(0, Math.max(width - 1, 0))}…`;
}
