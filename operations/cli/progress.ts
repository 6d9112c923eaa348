import type { Caller } from "../base/caller/caller";
import { type Progress, createProgress } from "../base/progress";

/** What a command does, line by line, where its standard output has nothing else to show. */
export function progressOf(caller: Pick<Caller, "redact">): Progress {
  return progressOn(process.stdout, caller);
}

/** The same on standard error, where the answer stands alone on standard output. */
export function progressBeside(caller: Pick<Caller, "redact">): Progress {
  return progressOn(process.stderr, caller);
}

function progressOn(stream: NodeJS.WriteStream, { redact }: Pick<Caller, "redact">): Progress {
  return createProgress("person", (line) => stream.write(`${redact(line)}\n`));
}
