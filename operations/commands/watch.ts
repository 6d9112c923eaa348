import { setTimeout as sleep } from "node:timers/promises";

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
  for (const signal of SIGNALS) process.on(signal, onSignal);
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
      process.stdout.write(terminal ? inPlace(lines, seconds) : `${lines.join("\n")}\n\n`);
      await sleep(seconds * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    if (terminal) process.stdout.write(`${LEAVE}${last.join("\n")}\n`);
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.stdout.off("error", onSignal);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What the terminal has no lines for is left out, at the end, and said. */
function inPlace(lines: readonly string[], seconds: number): string {
  const space = Math.max((process.stdout.rows || 24) - 2, 1);
  const shown =
    lines.length <= space
      ? lines
      : [...lines.slice(0, space - 1), `… ${lines.length - space + 1} more lines`];
  const footer = `every ${seconds} s, Ctrl-C ends it`;
  return `${HOME}${[...shown, footer].map((line) => `${line}${CLEAR_LINE}`).join("\n")}${CLEAR_REST}`;
}
