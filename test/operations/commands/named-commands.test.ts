import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, it } from "vitest";
import { callerOf } from "../../../operations/base/caller/caller";
import { OF_AN_ENVIRONMENT } from "../../../operations/base/remedy";
import { createProgram } from "../../../operations/commands/index";
import { type WrittenCommand, collectCommands } from "../../remedies/collect";

const ROOT = join(__dirname, "../../..");

/** Of whose code a person is told what to run. */
const FOLDERS = ["operations", "quickstart", "stacks", "constructs", "environments"];

/** Help, with examples below a command's usage. */
const HELP = /const \w*HELP = `((?:\\`|[^`])*)`;/g;

/** Where a command line is put together, and what names one that is not for people to type now. */
const WRITES = [
  "operations/base/remedy.ts",
  "operations/commands/index.ts",
  "operations/commands/completion/scripts.ts",
  "quickstart/summary.ts",
  // It may not import operations.
  "stacks/left-hosts.ts",
];

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(join(ROOT, folder, file), "utf8") })),
);

/** What is wrong with a command line, by the commands as they are; undefined where it would run. */
function wrongWith(args: readonly string[]): string | undefined {
  const program = createProgram(callerOf({}))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  const silence = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    command.action(() => undefined);
    command.commands.forEach(silence);
  };
  program.commands.forEach(silence);
  try {
    program.parse(args, { from: "user" });
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === "commander.helpDisplayed" ? undefined : message;
  }
}

/** With values in the places of those that are known only later. */
function lineOf({ name, place, words }: WrittenCommand): string[] {
  const { registeredArguments = [] } =
    createProgram(callerOf({})).commands.find((each) => each.name() === name) ?? {};
  const target = place === undefined ? [] : ["production"];
  return [name, ...target, ...words].map((word, index) =>
    word.replaceAll("…", registeredArguments[index - 1]?.argChoices?.[0] ?? "x"),
  );
}

it("every command that people are told to run parses as it is told", () => {
  const commands = collectCommands().filter(({ file }) => file !== "operations/base/remedy.ts");
  expect(commands.length).toBeGreaterThan(60);
  // One that passes on what it is given is told by its callers.
  const passed = commands.filter(({ name }) => name === "…").map(({ file }) => file);
  expect(passed).toEqual(["operations/cli/other-databases-note.ts"]);
  const wrong = commands
    .filter(({ name }) => name !== "…")
    .flatMap((command) => {
      const line = lineOf(command);
      const why = wrongWith(line);
      return why === undefined ? [] : [`${command.file}: ${line.join(" ")}: ${why}`];
    });
  expect(wrong).toEqual([]);
});

it("a command is told with --database where it takes that", () => {
  const whole = createProgram(callerOf({}))
    .commands.filter(
      ({ registeredArguments, options }) =>
        registeredArguments.some((argument) => argument.name() === "environment") &&
        options.every(({ long }) => long !== "--database"),
    )
    .map((command) => command.name());
  expect(whole.sort()).toEqual([...OF_AN_ENVIRONMENT].sort());
});

it("recognises a command line that would not run", () => {
  expect(wrongWith(["status", "production", "--database", "app2"])).toBeUndefined();
  expect(wrongWith(["stauts", "production"])).toMatch(/unknown command/);
  expect(wrongWith(["forget", "production"])).toMatch(/missing required argument/);
  expect(wrongWith(["logs", "production", "a/worker1", "--sinse", "1m"])).toMatch(/unknown option/);
});

it("every example in a command's help parses", () => {
  const examples = sources.flatMap(({ file, text }) =>
    [...text.matchAll(HELP)].flatMap(([, help = ""]) =>
      [...help.matchAll(/^ {2}npx pg-dist (.*?)(?: {2,}.*)?$/gm)].map(([, line = ""]) => ({ file, line })),
    ),
  );
  expect(examples.length).toBeGreaterThan(25);
  const wrong = examples.flatMap(({ file, line }) => {
    // As a shell would: a redirection is no argument, and quotes hold a word together.
    const words = line.replace(/ [<|].*$/, "").match(/'[^']*'|\S+/g) ?? [];
    const why = wrongWith(words.map((word) => word.replace(/^'(.*)'$/, "$1")));
    return why === undefined ? [] : [`${file}: ${line}: ${why}`];
  });
  expect(wrong).toEqual([]);
});

it("nothing writes a command line by hand: `commandIn` names the cluster in it, and quotes what a shell needs quoted", () => {
  const byHand = sources
    .filter(({ file }) => !WRITES.includes(file))
    .flatMap(({ file, text }) =>
      text
        .replace(HELP, "")
        .split("\n")
        .filter((line) => line.includes("npx pg-dist") && !/^\s*(\/?\*|\/\/)/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
  expect(byHand).toEqual([]);
});
