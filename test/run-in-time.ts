/**
 * How many starts of `pg-dist` a command may take longer than its waits, and still be in time: on an idle machine a few
 * seconds. Citus alone would wait for a minute.
 */
export const MOST_STARTS = 10;

/** Whatever runs `pg-dist` in a project. */
interface Project<Outcome> {
  run(...args: string[]): Promise<Outcome>;
}

/**
 * Runs a command and says how much longer it took than its waits may, in starts of `pg-dist` on this machine as busy as it
 * is meanwhile: the command's own start and the docker commands grow with them, an overrun doesn't.
 *
 * @param seconds of its `--timeout`
 */
export async function runInTime<Outcome>(
  project: Project<Outcome>,
  seconds: number,
  args: readonly string[],
): Promise<{ outcome: Outcome; startsBeyond: number }> {
  const before = await measure(() => project.run("--help"));
  const { outcome, ms } = await measure(() => project.run(...args));
  const after = await measure(() => project.run("--help"));
  return { outcome, startsBeyond: (ms - seconds * 1000) / Math.max(before.ms, after.ms) };
}

async function measure<Outcome>(work: () => Promise<Outcome>): Promise<{ outcome: Outcome; ms: number }> {
  const begun = performance.now();
  return { outcome: await work(), ms: performance.now() - begun };
}
