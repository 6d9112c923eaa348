import { type Remedy, advise, render } from "./remedy";

/** Exit codes of the program. */
export const EXIT = {
  ok: 0,
  /** Tried and failed; running it again after the repair goes on from there. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Done, and what was found or reached is a cluster that is not healthy. */
  unhealthy: 3,
  /** Not tried, on purpose: it would lose data, or is not what was planned. Nothing was changed. */
  refused: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface FailureOptions {
  /** More lines, printed before the summary: Terraform shows the end of an output. */
  readonly detail?: readonly Remedy[];
  /** @default EXIT.failed */
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** Something that a person must repair: what happened, with the value, and what to do, each in one line. */
export class Failure extends Error {
  readonly summary: string;
  readonly remedy: Remedy;
  readonly detail: readonly Remedy[];
  readonly exitCode: ExitCode;

  constructor(summary: string, remedy: Remedy, options: FailureOptions = {}) {
    super(`${summary}: ${render(remedy, "person")}`, { cause: options.cause });
    this.name = "Failure";
    this.summary = summary;
    this.remedy = remedy;
    this.detail = options.detail ?? [];
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

/** One thing that is wrong, of possibly several that are reported together. */
export interface Problem {
  /** Node id, e.g. `server-d/worker1`. */
  readonly node: string;
  readonly what: string;
  readonly remedy: Remedy;
}

/**
 * All problems in one failure: each in a line of the detail, the first in the summary.
 *
 * @param consequence what was therefore not done, e.g. `no worker was added`
 */
export function problemsFailure(
  problems: readonly [Problem, ...Problem[]],
  consequence: string,
  exitCode: ExitCode = EXIT.failed,
): Failure {
  const [first, ...others] = problems;
  return new Failure(
    `${consequence}: ${first.node}: ${first.what}${moreAbove(others.length)}`,
    first.remedy,
    {
      detail: others.length === 0 ? [] : problems.map((p) => advise`${p.node}: ${p.what}: ${p.remedy}`),
      exitCode,
    },
  );
}

/** Behind the first of several that are reported together: how many more the lines above have. Empty for none. */
export function moreAbove(others: number): string {
  return others === 0 ? "" : ` (and ${others} more, above)`;
}

/**
 * The text without the secrets. A secret that equals one of the `names` (user, database) is left, since it would only
 * make every message unreadable.
 */
export function redact(text: string, secrets: readonly string[], names: readonly string[] = []): string {
  return secrets
    .filter((secret) => secret !== "" && !names.includes(secret))
    .reduce((result, secret) => result.replaceAll(secret, "***"), text);
}

/** An error's message on one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\s+/g, " ").trim();
}
