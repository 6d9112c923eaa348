import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const ROOT = join(__dirname, "../..");
const FOLDERS = ["model", "constructs", "stacks", "operations", "quickstart", "testbed", "test"];

/** What each file imports of the others, types included: ESLint's rule against circles leaves those out. */
function imports(): Map<string, string[]> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
      .map((file) => join(folder, file)),
  );
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), "utf8"));
      const own = importedFiles
        .filter(({ fileName }) => fileName.startsWith("."))
        .map(({ fileName }) => `${normalize(join(dirname(file), fileName))}.ts`)
        .filter((path) => existsSync(join(ROOT, path)));
      return [file, own];
    }),
  );
}

it("no file imports itself by a way around, not even its types", () => {
  const edges = imports();
  const done = new Set<string>();
  const circles: string[] = [];
  const follow = (file: string, way: readonly string[]): void => {
    const start = way.indexOf(file);
    if (start >= 0) circles.push([...way.slice(start), file].join(" -> "));
    if (start >= 0 || done.has(file)) return;
    for (const next of edges.get(file) ?? []) follow(next, [...way, file]);
    done.add(file);
  };
  for (const file of edges.keys()) follow(file, []);
  expect(edges.size).toBeGreaterThan(500);
  expect(circles).toEqual([]);
});
