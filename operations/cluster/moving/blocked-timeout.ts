import { EXIT, Failure } from "../../base/failure";

const VARIABLE = "PGDIST_BLOCKED_TIMEOUT";

/**
 * How long a move may wait for one and the same transaction to end, while nothing else waits for the move, in seconds: as
 * long as a run waits for another one. `PGDIST_BLOCKED_TIMEOUT`.
 *
 * @default 600
 * @throws Failure when it is no number of seconds
 */
export function readBlockedTimeout(env: NodeJS.ProcessEnv): number {
  const text = env[VARIABLE];
  if (text === undefined || text === "") return 600;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new Failure(`${VARIABLE} is ${text}`, "set it to a number of seconds", { exitCode: EXIT.usage });
}
