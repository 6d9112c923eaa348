import { setTimeout as sleep } from "node:timers/promises";
import { columnsOf } from "../base/columns";
import { INTERRUPTS } from "../base/interrupts";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_REST = "\x1b[J";

/**
 * Draws again and again until Ctrl-C: in place on a terminal, which is then as before with the last screen on it, and
 * one below the other elsewhere.
 *
 * @param draw gives the lines of a screen; it isn't drawn twice at once
 */
export async function watch(seconds: number, draw: () => Promise<string[]>): Promise<void> {
  const terminal = process.stdout.isTTY;
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of INTERRUPTS) process.on(signal, onSignal);
  // Whoever read it, e.g. head, has gone.
  process.stdout.once("error", onSignal);
  const stopped = new Promise<undefined>((resolve) =>
    stop.signal.addEventListener("abort", () => resolve(undefined)),
  );
  let last: string[] = [];
  if (terminal) process.stdout.write(ENTER);
  try {
    while (!stop.signal.aborted) {
      const lines = await Promise.race([draw(), stopped]);
      if (lines === undefined) break;
      last = lines;
      const footer = `every ${seconds} s, Ctrl-C to quit`;
      process.stdout.write(
        terminal ? inPlace(lines, footer, screenSize(process.stdout)) : `${lines.join("\n")}\n\n`,
      );
      await sleep(seconds * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    if (terminal) process.stdout.write(`${LEAVE}${last.join("\n")}\n`);
    for (const signal of INTERRUPTS) process.off(signal, onSignal);
    process.stdout.off("error", onSignal);
  }
}

/** Size of a terminal, in characters. */
export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

function screenSize({ rows, columns }: Pick<NodeJS.WriteStream, "rows" | "columns">): ScreenSize {
  return { rows: rows || 24, columns: columns || 80 };
}

/**
 * The text that draws a screen over the one before. A line that is longer than the terminal goes on in its next row; what
 * the terminal has no rows for is left out, at the end, and said: else it would scroll, and the top be lost.
 */
export function inPlace(lines: readonly string[], footer: string, { rows, columns }: ScreenSize): string {
  const rowsOf = (line: string) => Math.max(Math.ceil(columnsOf(line) / columns), 1);
  const total = (some: readonly string[]) => some.reduce((sum, line) => sum + rowsOf(line), 0);
  const space = Math.max(rows - 1 - rowsOf(footer), 1);
  let shown = lines;
  while (total(shown) > space && shown.length > 1) {
    const kept = shown === lines ? lines.length - 1 : shown.length - 2;
    shown = [...lines.slice(0, kept), `… ${lines.length - kept} more lines`];
  }
  return `${HOME}${[...shown, footer].map((line) => clearing(line, columns)).join("\n")}${CLEAR_REST}`;
}

/** Behind the end of a full row the cursor still stands on its last character, which must not be cleared. */
function clearing(line: string, columns: number): string {
  const length = columnsOf(line);
  return length > 0 && length % columns === 0 ? line : `${line}${CLEAR_LINE}`;
}
