import type { Place } from "./place";
import { shellWord } from "./shown-words";

/** Who reads what is printed: somebody at Terraform's output, or a person who ran a command of ours. */
export type Reader = "terraform" | "person";

/** A command line of `npx pg-dist`; see `commandIn`. */
export interface CommandLine {
  readonly command: string;
  /** Words that name the cluster; undefined where there are none, and then only the command's name is told. */
  readonly target?: readonly string[];
  /** Its further arguments and options. */
  readonly words: readonly string[];
}

/** What each reader does by other words. */
interface Phrase {
  readonly phrase: "again" | "other-transport";
}

/** What to do, as data: whoever prints it knows the reader, see `render`. A text that is the same for all is a string. */
export type Remedy = string | Composed;

interface Composed {
  readonly parts: readonly Part[];
}

export type Part = string | CommandLine | Phrase;

/** To do again what failed, which goes on from there. */
export const AGAIN: Phrase = { phrase: "again" };

/** To come to the coordinator by another of the transports. */
export const OTHER_TRANSPORT: Phrase = { phrase: "other-transport" };

const PHRASES: Readonly<Record<Phrase["phrase"], Readonly<Record<Reader, string>>>> = {
  again: { terraform: "apply again", person: "run it again" },
  "other-transport": { terraform: "set PGDIST_VIA", person: "choose a way with --via" },
};

/**
 * A remedy: ``advise`mend the network, then ${AGAIN}` ``. Others may be put in, whose parts stay what they are. A line break
 * with its indentation is one space.
 */
export function advise(texts: TemplateStringsArray, ...values: readonly (Part | Remedy | number)[]): Remedy {
  const parts = texts.flatMap((text, index): Part[] => [
    text.replace(/\s*\n\s*/g, " "),
    ...partsOf(values[index] ?? ""),
  ]);
  return merge(parts);
}

/** Several in one, each once. */
export function joinRemedies(remedies: readonly Remedy[], separator: string): Remedy {
  const different = [...new Map(remedies.map((each) => [JSON.stringify(each), each])).values()];
  return merge(different.flatMap((each, index) => [...(index === 0 ? [] : [separator]), ...partsOf(each)]));
}

function partsOf(value: Part | Remedy | number): readonly Part[] {
  if (typeof value === "number") return [String(value)];
  return isComposed(value) ? value.parts : [value];
}

function isComposed(value: unknown): value is Composed {
  return typeof value === "object" && value !== null && "parts" in value;
}

/** Neighbouring texts are one. */
function merge(parts: readonly Part[]): Remedy {
  const merged: Part[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (typeof part === "string" && typeof last === "string") merged[merged.length - 1] = last + part;
    else if (part !== "") merged.push(part);
  }
  const [only = "", ...more] = merged;
  return typeof only === "string" && more.length === 0 ? only : { parts: merged };
}

/** As much of a place as names a cluster; without the database it is the environment's own. */
type Named = Partial<Pick<Place, "environment" | "database" | "homeDatabase" | "url">>;

/**
 * A command of this program for that cluster, with every word quoted for a shell where it must be.
 *
 * @param words arguments and options behind what names the cluster
 */
export function commandIn(place: Named, command: string, ...words: readonly string[]): CommandLine {
  return {
    command,
    target: targetOf(OF_AN_ENVIRONMENT.has(command) ? { environment: place.environment } : place),
    words,
  };
}

/** Commands that are about an environment as a whole, and take no `--database`. */
export const OF_AN_ENVIRONMENT: ReadonlySet<string> = new Set([
  "add",
  "apply",
  "doctor",
  "drift",
  "firewall",
  "logs",
  "recover",
  "review",
]);

/** `production`, or `production --database app2`, or `--url postgres://...`. */
function targetOf({ environment, database = "", homeDatabase, url }: Named): readonly string[] | undefined {
  if (environment === undefined) return url === undefined ? undefined : ["--url", url];
  return homeDatabase === undefined ? [environment] : [environment, "--database", database];
}

/** Where a command's arguments and options are told. */
export function helpOf(command: string): CommandLine {
  return { command, target: [], words: ["--help"] };
}

/** A deploy of that environment, for a sentence. The same for every reader, so that it is no part that is rendered. */
export function deployOf(environment: string): string {
  return `\`npx cdktf deploy ${shellWord(environment)}\``;
}

/** A command line by itself, for a list of such or for one to paste. */
export function typed({ command, target, words }: CommandLine): string {
  return target === undefined
    ? command
    : ["npx pg-dist", ...[command, ...target, ...words].map(shellWord)].join(" ");
}

/** The words of a remedy for this reader. */
export function render(remedy: Remedy, reader: Reader): string {
  if (typeof remedy === "string") return remedy;
  return remedy.parts
    .map((part) => {
      if (typeof part === "string") return part;
      if ("phrase" in part) return PHRASES[part.phrase][reader];
      return part.target === undefined ? part.command : `\`${typed(part)}\``;
    })
    .join("");
}

/** For `JSON.stringify`: every remedy in what is printed becomes its words for this reader. */
export function rendering(reader: Reader): (key: string, value: unknown) => unknown {
  return (_key, value) => (isComposed(value) ? render(value, reader) : value);
}
