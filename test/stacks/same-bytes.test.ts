import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { filesIn, temporaryFolder } from "../synthesis";

const ROOT = join(__dirname, "../..");

/** What a synthesis needs, as `cdktf.json` runs it. */
const SOURCES = [
  "constructs",
  "environments",
  "model",
  "operations",
  "stacks",
  "main.ts",
  "package.json",
  "tsconfig.json",
  "cdktf.json",
];

function synthesizeIn(folder: string): Record<string, string> {
  mkdirSync(folder, { recursive: true });
  for (const source of SOURCES) cpSync(join(ROOT, source), join(folder, source), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const options = { cwd: folder, encoding: "utf8", stdio: "pipe" } as const;
  execFileSync("node", ["operations/bundle.mjs"], options);
  execFileSync("node", ["--import", "tsx", "main.ts"], options);
  return filesIn(join(folder, "cdktf.out"));
}

it("the same sources synthesize to the same bytes in two folders of different depth", () => {
  const folder = temporaryFolder();
  const [near, far] = [
    synthesizeIn(join(folder, "a")),
    synthesizeIn(join(folder, "some/what/deeper, with blanks")),
  ];
  expect(Object.keys(near)).toEqual(
    expect.arrayContaining(["manifest.json", "stacks/local/cdk.tf.json", "stacks/production/cdk.tf.json"]),
  );
  expect(Object.keys(far)).toEqual(Object.keys(near));
  for (const [path, content] of Object.entries(near)) expect(far[path] === content, path).toBe(true);
});
