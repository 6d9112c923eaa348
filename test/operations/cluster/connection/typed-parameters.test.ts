import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const OPERATIONS = join(__dirname, "../../../../operations");

/**
 * Extensions overload functions of PostgreSQL: Citus has a pg_cancel_backend(bigint) beside the one with an int, and a
 * parameter without a type makes the call ambiguous on a server with Citus, and nowhere else. Whatever is handed to a
 * function therefore says its type; in comparisons, lists of VALUES and assignments the column gives it.
 */
test("a parameter that is handed to a function of SQL has a type", () => {
  const files = readdirSync(OPERATIONS, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  expect(files).toContain("cluster/connection/session.ts");
  const untyped = files.flatMap((file) =>
    untypedArguments(readFileSync(join(OPERATIONS, file), "utf8")).map((call) => `${file}: ${call}`),
  );
  expect(untyped).toEqual([]);
});

test("the search finds what it looks for, and nothing else", () => {
  expect(untypedArguments('"SELECT pg_cancel_backend($1)"')).toEqual(["pg_cancel_backend($1)"]);
  expect(untypedArguments('"SELECT f(1, g(2), mode := $12)"')).toEqual(["f(1, g(2), mode := $12)"]);
  expect(untypedArguments('"SELECT f($1::int, $2::text[])"')).toEqual([]);
  expect(untypedArguments('"... WHERE a = ANY ($1) AND b = $2 AND c IN ($3)"')).toEqual([]);
  expect(untypedArguments('"INSERT INTO t (a) VALUES ($1)"')).toEqual([]);
  expect(untypedArguments("`f(${text}, $1::int)`")).toEqual([]);
});

/** Calls with an argument that is a parameter and nothing more. A keyword before a parenthesis has a space behind it. */
function untypedArguments(source: string): string[] {
  return [...source.matchAll(/\b[a-z_][a-z_0-9]*\(/g)].flatMap(({ 0: name, index }) => {
    const start = index + name.length;
    const end = endOfCall(source, start);
    const own = source.slice(start, end).replace(/\([^()]*\)/g, "()");
    return /(^|,|:=|=>)\s*\$\d+\s*(,|$)/.test(own) ? [source.slice(index, end + 1)] : [];
  });
}

function endOfCall(source: string, start: number): number {
  let depth = 1;
  for (let index = start; index < source.length; index++) {
    if (source[index] === "(") depth++;
    if (source[index] === ")" && --depth === 0) return index;
  }
  return source.length;
}
