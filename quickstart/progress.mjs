/** Silence for longer than this looks like a hang. In milliseconds. */
const HEARTBEAT_MS = 15_000;

/**
 * Lines with the seconds since the start. When nothing was said for a while, it says that the last step still goes on.
 *
 * @param {(text: string) => void} [write]
 * @returns {{ say: (line: string) => void, print: (text: string) => void, end: () => void }} `print` writes without
 *   a time and ends the step; `end` stops the heartbeat
 */
export function createProgress(write = (text) => void process.stdout.write(text)) {
  const start = performance.now();
  const seconds = () => `${Math.round((performance.now() - start) / 1000)}s`.padStart(5);
  /** @type {string | undefined} */
  let step;
  const heartbeat = setInterval(() => {
    if (step !== undefined) write(`[${seconds()}] ... still ${step}\n`);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    say: (line) => {
      step = line
        .trim()
        .replace(/[:(].*/, "")
        .trimEnd();
      heartbeat.refresh();
      write(`[${seconds()}] ${line}\n`);
    },
    print: (text) => {
      step = undefined;
      write(`${text}\n`);
    },
    end: () => clearInterval(heartbeat),
  };
}
