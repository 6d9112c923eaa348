import { type Command, CommanderError } from "commander";
import { type Caller, callerOf } from "./base/caller/caller";
import { printJson } from "./cli/output";
import { createProgram } from "./commands/index";
import { EXIT } from "./base/failure";
import { report } from "./cluster/connection/report";

async function run(args: readonly string[], caller: Caller): Promise<void> {
  const program = createProgram(caller);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    // Commander has written its message, or the help, already.
    if (!(error instanceof CommanderError)) process.exitCode = report(error, "person", caller.redact);
    else if (error.exitCode === 0) process.exitCode = EXIT.ok;
    else {
      printUsageFailure(program, args, error);
      process.exitCode = EXIT.usage;
    }
  }
}

/** A script that reads standard output finds a wrong command line there too (schemas/failure.json). */
function printUsageFailure(program: Command, args: readonly string[], { message }: CommanderError): void {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  if (!own.includes("--json")) return;
  const names = program.commands.map((command) => command.name());
  const path = [program.name(), ...own.filter((word) => names.includes(word)).slice(0, 1)];
  printJson(path.at(-1) ?? "", {
    failure: {
      summary: message.replace(/^error: /, ""),
      remedy: `see npx ${path.join(" ")} --help`,
      detail: [],
    },
  });
}

// The reader of a pipe, e.g. head, may go before the end: work that was begun goes on.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

void run(process.argv.slice(2), callerOf(process.env));
