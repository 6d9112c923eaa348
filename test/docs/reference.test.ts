import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { findProblems } from "../../model/validation/validation";
import { blocksOf, headingsOf, readPage, readPages, ROOT } from "./pages";
import { messagesOf } from "./messages";
import { PAGE, withFields } from "./update";

it("the fields of an environment are those of its types: if not, npm run docs", () => {
  const page = readFileSync(PAGE, "utf8");
  expect(page).toBe(withFields(page));
});

describe("an environment on a page", () => {
  const examples = readPages().flatMap(({ path, text }) =>
    blocksOf({ path, text }, "ts")
      .filter((block) => /: Environment = \{/.test(block))
      .map((block) => [path, block] as const),
  );

  it("is shown in the README and explained on its own page", () => {
    expect(examples.map(([path]) => path)).toEqual(["README.md", "docs/environments.md"]);
  });

  it.each(examples)("is valid in %s", (_path, block) => {
    const { outputText } = ts.transpileModule(block, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    const exported: Record<string, Environment> = {};
    new Function("exports", outputText)(exported);
    const environments = Object.values(exported);
    expect(environments).toHaveLength(1);
    expect(environments.flatMap((environment) => findProblems(environment))).toEqual([]);
  });
});

describe("troubleshooting", () => {
  const [own = "", others = ""] = readPage("docs/troubleshooting.md").text.split("<!-- words of others -->");
  const page = (text: string) => ({ path: "docs/troubleshooting.md", text });
  const headings = (text: string) =>
    headingsOf(page(text), "###").map((heading) => heading.replace(/^`|`$/g, ""));

  it("explains many messages", () => {
    expect(headings(own).length).toBeGreaterThanOrEqual(40);
    expect(headings(others).length).toBeGreaterThanOrEqual(10);
  });

  it("has a message in the program's own words", () => {
    const messages = messagesOf(["operations", "model", "environments", "stacks", "quickstart"]);
    const strange = headings(own).filter((heading) => {
      const parts = heading
        .split("...")
        .map((part) => part.trim())
        .filter((part) => /\w{2}/.test(part));
      return !messages.some((message) => holdsInOrder(message, parts));
    });
    expect(strange).toEqual([]);
  });
});

/** Whether a text has all of these parts, one after the other. */
function holdsInOrder(text: string, parts: readonly string[]): boolean {
  let from = 0;
  return parts.every((part) => {
    const at = text.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}

it("the page of JSON has every schema", () => {
  const { text } = readPage("docs/json.md");
  const schemas = readdirSync(join(ROOT, "schemas"));
  expect(schemas.filter((schema) => !text.includes(`(../schemas/${schema})`))).toEqual([]);
});

it("the schemas have keys in camelCase alone", () => {
  const keys = (schema: unknown): string[] => {
    if (typeof schema !== "object" || schema === null) return [];
    const { properties = {} } = schema as { properties?: object };
    return [...Object.keys(properties), ...Object.values(schema).flatMap(keys)];
  };
  const all = readdirSync(join(ROOT, "schemas")).flatMap((file) =>
    keys(JSON.parse(readFileSync(join(ROOT, "schemas", file), "utf8"))),
  );
  expect(
    all.filter((key) => !/^[a-z][a-zA-Z0-9]*$/.test(key) || /(shard|node|group)(id|ids|s?count)$/.test(key)),
  ).toEqual([]);
});

it("the page of variables has every one that the code reads", () => {
  const { text } = readPage("docs/variables.md");
  const folders = ["operations", "model", "environments", "stacks", "constructs", "quickstart"];
  const names = new Set(
    folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.m?ts$|\.mjs$/.test(file))
        .flatMap((file) => readFileSync(join(ROOT, folder, file), "utf8").match(/\bPGDIST_[A-Z_]+\b/g) ?? []),
    ),
  );
  expect([...names].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

it("decisions are numbered without a gap, and in their list", () => {
  const folder = join(ROOT, "docs/decisions");
  const files = readdirSync(folder).filter((file) => /^\d/.test(file));
  expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
  const list = readFileSync(join(folder, "README.md"), "utf8");
  expect(files.filter((file) => !list.includes(`(${file})`))).toEqual([]);
  expect(existsSync(join(ROOT, "LICENSE"))).toBe(true);
});
