import { EXIT, type ExitCode, Failure, oneLine } from "../../base/failure";
import type { Caller } from "../../base/caller/caller";
import { AGAIN, type Reader, advise, render } from "../../base/remedy";
import { sqlStateOf } from "./sqlstate";

/**
 * Says what went wrong: details first, and as the last line the cause and what to do, since Terraform repeats the end
 * of an output.
 *
 * @returns the exit code of the program
 */
export function report(
  error: unknown,
  reader: Reader,
  redact: Caller["redact"],
  write: (text: string) => void = (text) => process.stderr.write(text),
): ExitCode {
  const failure = asFailure(error);
  const lines = [
    ...failure.detail.map((line) => `  ${render(line, reader)}`),
    `pg-dist: ${failure.summary}: ${render(failure.remedy, reader)}`,
  ];
  for (const line of lines) write(`${redact(line)}\n`);
  return failure.exitCode;
}

/** Also a server's error that nobody explained, or a mistake of ours. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const state = sqlStateOf(error);
  if (state !== undefined) {
    const { detail, hint, where } = error as { detail?: string; hint?: string; where?: string };
    return new Failure(
      `the coordinator answered: ${oneLine(error)} (SQLSTATE ${state})`,
      advise`see the lines above and its log; then ${AGAIN}`,
      { detail: [detail, hint, where].filter((line) => line !== undefined), exitCode: EXIT.failed },
    );
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure(`unexpected error: ${oneLine(error)}`, "please report it with the lines above", {
    detail: stack.split("\n"),
  });
}
