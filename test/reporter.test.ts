import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { ROOT, linkPackages } from "./package/project";
import { temporaryFolder } from "./synthesis";

/** A test that lasts until the run is interrupted, a hook that cleans up, and a test that comes too late. */
const TEST = `
  import { writeFileSync } from "node:fs";
  import { afterAll, it } from "vitest";
  afterAll(() => writeFileSync("cleaned-up", ""));
  it("runs", async ({ signal }) => {
    const interrupted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    writeFileSync("running", "");
    await interrupted;
  }, 60_000);
  it("is not started any more", () => writeFileSync("too-late", ""));
`;

it("an interrupted run ends its test, cleans up and starts no other", async () => {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  linkPackages(folder);
  writeFileSync(file("some.test.mjs"), TEST);
  const args = ["run", `--root=${folder}`, `--reporter=${join(ROOT, "test/reporter.mjs")}`];
  const program = join(ROOT, "node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: "ignore" });
  const closed = once(child, "close");
  while (!existsSync(file("running")) && child.exitCode === null) await sleep(50);
  child.kill("SIGTERM");
  await closed;
  expect(["running", "cleaned-up", "too-late"].map((name) => existsSync(file(name)))).toEqual([
    true,
    true,
    false,
  ]);
});
