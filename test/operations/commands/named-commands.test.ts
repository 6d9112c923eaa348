import { readFileSync, readdirSync } from "node:fs";
import { callerOf } from "../../../operations/base/caller/caller";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createProgram } from "../../../operations/commands/index";

const ROOT = join(__dirname, "../../..");

/** Of whose code a person is told what to run. */
const FOLDERS = ["operations", "quickstart", "stacks", "constructs", "environments"];

/** Help, which names commands in sentences below their usage. */
const HELP = /const \w*HELP = `(?:\\`|[^`])*`;/g;

/** Commands that can't be run by their name alone. */
const NEEDING = createProgram(callerOf({}))
  .commands.filter((command) =>
    command.registeredArguments.some((argument) => argument.name() === "environment"),
  )
  .map((command) => command.name());

/** Lines that name such a command with nothing behind it: what follows an argument is a space. */
function incomplete(text: string): string[] {
  const bare = new RegExp(`npx pg-dist (?:${NEEDING.join("|")})(?! --help|[\\w-]| [\\w$"'\`+/-])`);
  return text
    .replace(HELP, "")
    .split("\n")
    .filter((line) => bare.test(line));
}

it("recognises a command line that lacks its environment", () => {
  expect(NEEDING).toContain("status");
  expect(NEEDING).toContain("forget");
  for (const line of ["`see \\`npx pg-dist status\\``", '"first: npx pg-dist remove"', "(npx pg-dist drain)"])
    expect(incomplete(line), line).toEqual([line]);
  for (const line of [
    "`see \\`npx pg-dist status ${cluster.environment}\\``",
    '"npx pg-dist recover ENVIRONMENT"',
    "npx pg-dist completion",
    "npx pg-dist rebalance --help",
    "const DRAIN_HELP = `\n\\`npx pg-dist add\\` takes it in again`;",
  ])
    expect(incomplete(line), line).toEqual([]);
});

it("names no command in what people are told to do without the environment that it needs", () => {
  const found = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) =>
        incomplete(readFileSync(join(ROOT, folder, file), "utf8")).map(
          (line) => `${folder}/${file}: ${line.trim()}`,
        ),
      ),
  );
  expect(found).toEqual([]);
});
