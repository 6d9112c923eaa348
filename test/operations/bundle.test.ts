import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const root = join(__dirname, "../..");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pg-dist-bundle-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The sources in a folder of their own, with the npm packages beside or, as npm hoists them, above. */
async function buildIn(name: string, packages: string): Promise<string> {
  const project = join(folder, name);
  for (const sources of ["operations", "model", "environments", "tsconfig.json", "package.json"]) {
    await cp(join(root, sources), join(project, sources), { recursive: true });
  }
  await mkdir(join(project, packages), { recursive: true });
  await rm(join(project, packages), { recursive: true });
  await symlink(join(root, "node_modules"), join(project, packages));
  await run(process.execPath, ["operations/bundle.mjs"], { cwd: project });
  return join(project, "dist/pg-dist.mjs");
}

test("the same sources give the same bytes in any folder", async () => {
  const first = await readFile(await buildIn("a", "node_modules"));
  const second = await readFile(await buildIn("deeper/b/c", "../../node_modules"));
  expect(second.equals(first)).toBe(true);
  expect(first.includes(root)).toBe(false);
});

test("the bundle stays small: what only people need is not in it", async () => {
  // By itself: esbuild keeps the folder in which it was first loaded, and here that may be one of a test that is over.
  const module = JSON.stringify(pathToFileURL(join(root, "operations/bundle.mjs")).href);
  const outfile = JSON.stringify(join(folder, "small.mjs"));
  const script = `import { bundle } from ${module}; console.log(JSON.stringify(await bundle(${outfile})))`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script]);
  const { bytes, packages } = JSON.parse(stdout) as { bytes: number; packages: string[] };
  expect(packages).toContain("pg");
  expect(packages.filter((name) => /^(commander|cli-|@inquirer)/.test(name))).toEqual([]);
  expect(bytes).toBeLessThan(360 * 1024);
});

test("the bundle runs alone, and says how it is used", async () => {
  const alone = join(folder, "alone.mjs");
  await cp(await buildIn("alone", "node_modules"), alone);
  const result = run(process.execPath, [alone], { cwd: folder });
  await expect(result).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("usage: pg-dist.mjs"),
  });
});
