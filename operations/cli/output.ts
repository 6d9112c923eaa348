import { styleText } from "node:util";
import type { Caller } from "../base/caller/caller";
import { rendering } from "../base/remedy";

export type Colour = "green" | "red" | "yellow" | "bold" | "dim" | "cyan";

/** Writes text in a colour, or leaves it alone. */
export type Paint = (colour: Colour, text: string) => string;

/** Colours on a terminal only, and neither with `--no-color` nor where NO_COLOR is set (no-color.org). */
export function createPaint(
  color: boolean,
  { env }: Pick<Caller, "env">,
  stream: Pick<NodeJS.WriteStream, "isTTY"> = process.stdout,
): Paint {
  const colored = color && stream.isTTY && !env["NO_COLOR"];
  // Decided above: left to itself, styleText looks at the stream and the environment again.
  return (colour, text) => (colored ? styleText(colour, text, { validateStream: false }) : text);
}

export function printLines(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/** Version of the JSON that the commands print; a field that goes or changes its meaning raises it. */
const JSON_VERSION = 1;

/** Prints a command's answer for a script. Its shape is in schemas/<command>.json. */
export function printJson(command: string, answer: object): void {
  printLines([JSON.stringify({ version: JSON_VERSION, command, ...answer }, rendering("person"), 2)]);
}

/** Columns of the terminal; unlimited where the output goes to a file or a pipe. */
export function terminalWidth(
  stream: Pick<NodeJS.WriteStream, "isTTY" | "columns"> = process.stdout,
): number {
  return stream.isTTY ? stream.columns || 80 : Infinity;
}
