import type { Command } from "commander";
import { callerOf } from "../../../operations/base/caller/caller";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../../operations/commands/index";

const PROGRAM = createProgram(callerOf({}));

/** What `--help` prints. */
function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({ ...command.configureOutput(), writeOut: (text) => (help += text) }).outputHelp();
  return help;
}

const COMMANDS = PROGRAM.createHelp()
  .visibleCommands(PROGRAM)
  .filter((command) => command.name() !== "help");

describe("the help", () => {
  it.each([PROGRAM, ...COMMANDS].map((command) => [command.name(), command] as const))(
    "of %s has an example and fits a page",
    (name, command) => {
      const help = helpOf(command);
      const line = name === "pg-dist" ? "npx pg-dist status" : `npx pg-dist ${name}`;
      expect(help).toMatch(new RegExp(`Examples?:\n  (source <\\()?${line} `));
      for (const each of help.split("\n")) expect(each.length, each).toBeLessThanOrEqual(120);
    },
  );

  it.each(["status", "health", "nodes", "shards", "tables", "tenants", "activity", "locks", "connections"])(
    "of %s, which reads, has the options of all that read",
    (name) => {
      const help = helpOf(COMMANDS.find((command) => command.name() === name) as Command);
      for (const option of ["--url", "--via", "--timeout", "--json"]) expect(help).toContain(option);
    },
  );

  it("of the program lists every command", () => {
    const help = helpOf(PROGRAM);
    for (const command of COMMANDS) expect(help).toMatch(new RegExp(`^  ${command.name()} `, "m"));
    expect(COMMANDS).toHaveLength(24);
  });
});
