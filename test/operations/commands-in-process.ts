import { CommanderError } from "commander";
import { createProgram } from "../../operations/commands/index";
import { report } from "../../operations/cluster/connection/report";

/** What a command answered. */
export interface Answered {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `pg-dist` in this very process, for tests that run it hundreds of times: its start costs more than most commands.
 * One at a time.
 *
 * @param folder of the project
 */
export async function pgDistInProcess(folder: string, args: readonly string[]): Promise<Answered> {
  const [before, written] = [process.cwd(), { stdout: "", stderr: "" }];
  const originals = { stdout: process.stdout.write, stderr: process.stderr.write };
  const capture = (stream: "stdout" | "stderr") => {
    process[stream].write = ((text: string | Uint8Array) => {
      written[stream] += typeof text === "string" ? text : Buffer.from(text).toString();
      return true;
    }) as typeof process.stdout.write;
  };
  process.chdir(folder);
  process.exitCode = undefined;
  capture("stdout");
  capture("stderr");
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return { code: Number(process.exitCode ?? 0), ...written };
  } catch (error) {
    return { code: error instanceof CommanderError ? 2 : report(error), ...written };
  } finally {
    process.stdout.write = originals.stdout;
    process.stderr.write = originals.stderr;
    process.exitCode = undefined;
    process.chdir(before);
  }
}
