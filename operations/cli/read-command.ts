import type { Command } from "commander";
import type { Caller } from "../base/caller/caller";
import type { ExitCode } from "../base/failure";
import { asFailure } from "../cluster/connection/report";
import { explainError } from "./explain-error";
import { type Paint, createPaint, printJson } from "./output";
import { type TargetFlags, addTarget, findTarget, openTarget, warnOfDoubts, warnOfTwins } from "./target";
import type { Connected } from "../cluster/connection/target";
import { type Remedy, render } from "../base/remedy";

/** Flags of every command that only reads. */
export interface ReadFlags extends TargetFlags {
  readonly json?: true;
}

/** A command that reads from the cluster and shows it, as a table or as JSON. */
export interface ReadCommand<Flags extends ReadFlags> {
  readonly name: string;
  readonly description: string;
  /** Shown below the options, an example at least. */
  readonly help: string;
  /** Adds the command's own options. */
  readonly options?: (command: Command) => void;
  readonly run: (target: Connected, flags: Flags, output: Output) => Promise<ExitCode>;
}

export interface Output {
  readonly paint: Paint;
  /** JSON is wanted, and then nothing else goes to standard output. */
  readonly json: boolean;
}

/** Adds the command with `[environment] --url --via --timeout --json`. */
export function addReadCommand<Flags extends ReadFlags>(
  program: Command,
  caller: Caller,
  spec: ReadCommand<Flags>,
): void {
  const command = addTarget(program.command(spec.name).description(spec.description));
  spec.options?.(command);
  command
    .option("--json", "as JSON for scripts, version 1; its shape is in the project's schemas folder")
    .addHelpText("after", `\n${spec.help.trim()}`)
    .action(async (environment: string | undefined, flags: Flags) => {
      const json = flags.json === true;
      const paint = createPaint(program.opts<{ color: boolean }>().color, caller);
      process.exitCode = await orJsonFailure(spec.name, json, caller, async () => {
        const found = findTarget(environment, flags, caller);
        warnOfTwins(found);
        let target: Connected | undefined;
        try {
          target = await openTarget(found, spec.name, "read");
          warnOfDoubts(target);
          return await spec.run(target, flags, { paint, json });
        } catch (error) {
          throw explainError(error, spec.name, target ?? found);
        } finally {
          await target?.session.end();
        }
      });
    });
}

/** A script that reads standard output finds a failure there too (schemas/failure.json). */
export async function orJsonFailure<Result>(
  command: string,
  json: boolean,
  { redact }: Pick<Caller, "redact">,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (json) {
      const { summary, remedy, detail } = asFailure(error);
      const told = (text: Remedy) => redact(render(text, "person"));
      printJson(command, {
        failure: { summary: told(summary), remedy: told(remedy), detail: detail.map(told) },
      });
    }
    throw error;
  }
}
