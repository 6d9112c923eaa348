import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Metafile } from "esbuild";
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

test("the bill of materials has what is in the bundle, by the account of esbuild and of npm's lock file", async () => {
  const project = join(folder, "bill");
  for (const sources of ["operations", "model", "tsconfig.json", "package.json"])
    await cp(join(root, sources), join(project, sources), { recursive: true });
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
  await run(process.execPath, ["operations/bill-of-materials.mjs"], { cwd: project });
  const bill = JSON.parse(await readFile(join(project, "dist/pg-dist.cdx.json"), "utf8")) as Bill;
  expect(bill).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 });
  expect(bill.metadata.component).toMatchObject({ type: "application", name: "pg-dist" });

  const module = JSON.stringify(pathToFileURL(join(project, "operations/bundle.mjs")).href);
  const script = `import { bundle } from ${module}; console.log(JSON.stringify((await bundle()).metafile))`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: project,
    maxBuffer: 2 ** 26,
  });
  const { outputs } = JSON.parse(stdout) as Metafile;
  const inside = Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([path, { bytesInOutput }]) => path.includes("node_modules/") && bytesInOutput > 0)
    .map(([path]) => path.replace(/^.*node_modules\/((@[^/]+\/)?[^/]+)\/.*$/, "$1"));
  expect(bill.components.map(({ name }) => name).sort()).toEqual([...new Set(inside)].sort());

  const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; license: string }>;
  };
  for (const { name, version, purl, licenses } of bill.components) {
    const locked = packages[`node_modules/${name}`];
    expect({ name, version, licenses, purl }).toEqual({
      ...{ name, version: locked?.version, licenses: [{ license: { id: locked?.license } }] },
      purl: `pkg:npm/${name}@${locked?.version}`,
    });
  }
  const needs = bill.dependencies.find(({ ref }) => ref.startsWith("pkg:npm/pg@"))?.dependsOn ?? [];
  expect(needs).toContainEqual(expect.stringMatching(/^pkg:npm\/pg-protocol@/));
});

interface Bill {
  readonly metadata: { readonly component: object };
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly licenses: readonly object[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

test("the bundle runs alone, and says how it is used", async () => {
  const alone = join(folder, "alone.mjs");
  await cp(await buildIn("alone", "node_modules"), alone);
  const result = run(process.execPath, [alone], { cwd: folder });
  await expect(result).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("usage: pg-dist.mjs"),
  });
});
