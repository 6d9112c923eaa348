import type { Argument, Command, Option } from "commander";

/** Something that a word of the command line can be completed to. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** What is known of the project that the command line is typed in; nothing where that can't be loaded. */
export interface Knowledge {
  environments(): readonly string[];
  /** Ids of an environment's Docker hosts. */
  hosts(environment: string): readonly string[];
  /** Ids of an environment's nodes. */
  nodes(environment: string): readonly string[];
}

/**
 * What the last word can become, from commander's own tree of commands.
 *
 * @param words what was typed after the program's name; the last one is being typed and may be empty
 */
export function findCandidates(
  program: Command,
  words: readonly string[],
  knowledge: Knowledge,
): readonly Candidate[] {
  const { typed, current } = joinAssignments(words);
  // What follows is another program's, psql's.
  if (typed.includes("--")) return [];
  const place = walk(program, typed);
  const all = candidatesAt(place, current, knowledge);
  const fitting = new Map(
    all.filter(({ word }) => word.startsWith(current)).map((each) => [each.word, each]),
  );
  return [...fitting.values()];
}

/**
 * bash takes `--via=ssh` for three words, and wants only the last of them completed; the others take it for one. An
 * option whose value is being typed as a word of its own is left open for it.
 */
function joinAssignments(words: readonly string[]): { typed: readonly string[]; current: string } {
  const typed: string[] = [];
  const before = words.slice(0, -1);
  for (let index = 0; index < before.length; index++) {
    const word = before[index] ?? "";
    const value = before[index + 2];
    if (word.startsWith("--") && before[index + 1] === "=") {
      typed.push(value === undefined ? word : `${word}=${value}`);
      index += 2;
    } else typed.push(word);
  }
  const current = words.at(-1) ?? "";
  const assigning = current === "=" && typed.at(-1)?.startsWith("--") === true;
  return { typed, current: assigning ? "" : current };
}

/** How far the words before the current one got. */
interface Place {
  readonly command: Command;
  /** Program first, then its command, and so on. */
  readonly path: readonly Command[];
  readonly operands: readonly string[];
  /** The option whose value is to come next. */
  readonly option?: Option;
  /** After `help`, which names another command. */
  readonly help: boolean;
}

function walk(program: Command, words: readonly string[]): Place {
  const path = [program];
  const operands: string[] = [];
  let option: Option | undefined;
  let help = false;
  for (const word of words) {
    const command = path.at(-1) as Command;
    if (option !== undefined && (option.required || !word.startsWith("-"))) option = undefined;
    else if (word.startsWith("-")) option = optionNamed(path, word);
    else {
      const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (next !== undefined && operands.length === 0) path.push(next);
      else if (word === "help" && command.commands.length > 0 && operands.length === 0) help = true;
      else operands.push(word);
    }
  }
  return { command: path.at(-1) as Command, path, operands, option, help };
}

/** An option that takes its value from the next word, where there may be one. */
function optionNamed(path: readonly Command[], word: string): Option | undefined {
  const options = path.flatMap((command) => command.options);
  return options.find(
    (option) => (option.required || option.optional) && (option.long === word || option.short === word),
  );
}

function candidatesAt(
  { command, path, operands, option, help }: Place,
  current: string,
  knowledge: Knowledge,
): readonly Candidate[] {
  const name = /^(--[\w-]+)=/.exec(current)?.[1];
  if (name !== undefined) {
    return choicesOf(optionNamed(path, name)).map((choice) => ({
      ...choice,
      word: `${name}=${choice.word}`,
    }));
  }
  if (option !== undefined && (option.required || !current.startsWith("-"))) return choicesOf(option);
  if (current.startsWith("-")) return optionsOf(path);
  const commands = operands.length > 0 ? [] : visibleCommands(command);
  if (help) return commands.filter(({ word }) => word !== "help");
  const declared = command.registeredArguments;
  const argument = declared[operands.length] ?? declared.findLast(({ variadic }) => variadic);
  return [...commands, ...(argument === undefined ? [] : valuesOf(argument, operands, knowledge))];
}

function choicesOf(option: Option | undefined): Candidate[] {
  return (option?.argChoices ?? []).map((word) => ({ word, description: "" }));
}

function visibleCommands(command: Command): Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((each) => ({ word: each.name(), description: firstLine(each.description()) }));
}

function optionsOf(path: readonly Command[]): Candidate[] {
  return path.flatMap((command) =>
    command
      .createHelp()
      .visibleOptions(command)
      .flatMap(({ long, description }) =>
        long === undefined || long === null ? [] : [{ word: long, description: firstLine(description) }],
      ),
  );
}

/** By the argument's name, which help shows too. */
function valuesOf(argument: Argument, operands: readonly string[], knowledge: Knowledge): Candidate[] {
  const words = (list: readonly string[], description: string) => list.map((word) => ({ word, description }));
  if (argument.argChoices !== undefined) return words(argument.argChoices, "");
  if (argument.name() === "environment") return words(knowledge.environments(), "environment");
  const [environment] = operands;
  if (environment === undefined) return [];
  if (argument.name() === "node") return words(knowledge.nodes(environment), "node");
  if (argument.name() === "host") {
    // Of forget, which takes a single node too.
    return [
      ...words(knowledge.hosts(environment), "Docker host"),
      ...words(knowledge.nodes(environment), "node"),
    ];
  }
  return [];
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
