import { existsSync, statSync } from "node:fs";
import { callerOf } from "../../operations/base/caller/caller";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../operations/commands/index";
import { anchorsOf, blocksOf, linksOf, proseOf, readPage, readPages, ROOT } from "./pages";

/** In bytes: what is longer, nobody reads. */
const MOST_OF_README = 8192;

const pages = readPages();

describe("every page", () => {
  it.each(pages.map((page) => [page.path, page] as const))(
    "%s has links that lead somewhere",
    (path, page) => {
      const broken = linksOf(page).filter((target) => {
        if (/^https?:/.test(target)) return false;
        const [file = "", anchor] = target.split("#");
        const to = file === "" ? path : normalize(join(dirname(path), file));
        if (!existsSync(join(ROOT, to))) return true;
        return anchor !== undefined && !anchorsOf(readPage(to)).has(anchor);
      });
      expect(broken).toEqual([]);
    },
  );

  it("is reached from the README", () => {
    const reached = new Set(["README.md"]);
    for (const path of reached) {
      for (const target of linksOf(readPage(path))) {
        const [file = ""] = target.split("#");
        const to = normalize(join(dirname(path), file));
        if (file.endsWith(".md") && existsSync(join(ROOT, to))) reached.add(to);
      }
    }
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });

  it("names no folder of somebody's machine", () => {
    const found = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w.])\/(?:work|root|home|Users|tmp)\/\S*/g)].map(
        ([folder]) => `${path}: ${folder}`,
      ),
    );
    expect(found).toEqual([]);
  });

  it("has commands and options that pg-dist has", () => {
    const options = new Map(
      createProgram(callerOf({})).commands.map((command) => [
        command.name(),
        command.options.flatMap(({ short, long }) => [short, long]),
      ]),
    );
    const unknown = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/npx pg-dist ([a-z]\S*)([^\n`#|<>()→]*)/g)].flatMap(
        ([line, word = "", rest = ""]) => {
          const known = options.get(word.replace(/[^a-z]+$/, ""));
          if (known === undefined) return [`${path}: ${line}`];
          // What follows `--` is another program's.
          const [own = ""] = rest.split(/ -- /);
          return [...own.matchAll(/(?<=\s)--?[a-z][a-z-]*/g)].flatMap(([option]) =>
            [...known, "--help", "--no-color"].includes(option) ? [] : [`${path}: ${line}: ${option}`],
          );
        },
      ),
    );
    expect(unknown).toEqual([]);
  });
});

describe("the README", () => {
  it("is short", () => {
    expect(statSync(join(ROOT, "README.md")).size).toBeLessThanOrEqual(MOST_OF_README);
  });

  it("has the two commands", () => {
    const commands = blocksOf(readPage("README.md"), "bash").join("");
    expect(commands).toContain("npm run quickstart\n");
    expect(commands).toContain("npm test\n");
  });
});

it("prose has no heading twice on a page: an anchor would lead to the first", () => {
  const twice = pages.flatMap((page) => {
    const headings: string[] = proseOf(page).match(/^#{1,3} .+$/gm) ?? [];
    return headings
      .filter((heading, index) => headings.indexOf(heading) !== index)
      .map((heading) => `${page.path}: ${heading}`);
  });
  expect(twice).toEqual([]);
});
