import { type Reader, type Remedy, render } from "./remedy";
import { Stopwatch } from "./stopwatch";

/** Reports a step: what just happened or what is awaited, in one line, which may end with what to do. */
export type Progress = (text: Remedy) => void;

/** Lines with the seconds since the start: `[  1.2s] server-d/worker1: added as node 5`. */
export function createProgress(
  reader: Reader,
  write: (line: string) => void,
  watch = new Stopwatch(),
): Progress {
  return (text) => write(`[${watch.seconds.toFixed(1).padStart(5)}s] ${render(text, reader)}`);
}
