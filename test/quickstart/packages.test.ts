import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { installPackages } from "../../quickstart/packages.mjs";

describe("npm packages", () => {
  let root: string;
  const said: string[] = [];
  const install = () => installPackages(root, (line) => said.push(line));
  const calls = () => readFileSync(join(root, "calls"), { encoding: "utf8", flag: "a+" });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quickstart-"));
    said.length = 0;
    writeFileSync(join(root, "package-lock.json"), "{}");
    vi.stubEnv("PATH", `${root}${delimiter}${process.env.PATH ?? ""}`);
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(root, { recursive: true });
  });

  /** Stands for npm: notes its arguments, makes noise, ends with `code`. */
  function fakeNpm(code: number): void {
    const script = `#!/bin/sh\necho "$@" >>calls\necho noise\necho "the reason" >&2\nexit ${code}\n`;
    writeFileSync(join(root, "npm"), script, { mode: 0o755 });
  }

  function markInstalled(secondsLater: number): void {
    const lock = join(root, "node_modules", ".package-lock.json");
    mkdirSync(join(root, "node_modules"));
    writeFileSync(lock, "{}");
    const time = Date.now() / 1000;
    utimesSync(join(root, "package-lock.json"), time, time);
    utimesSync(lock, time + secondsLater, time + secondsLater);
  }

  it("are installed by npm ci where they are missing, and npm's noise isn't shown", async () => {
    fakeNpm(0);
    await install();
    expect(calls()).toMatch(/^ci --include=dev /);
    expect(said.join("\n")).not.toContain("noise");
  });

  it("are installed again after package-lock.json changed", async () => {
    fakeNpm(0);
    markInstalled(-60);
    await install();
    expect(calls()).toMatch(/^ci /);
  });

  it("are left alone when they are newer", async () => {
    fakeNpm(1);
    markInstalled(60);
    await install();
    expect(calls()).toBe("");
    expect(said).toEqual([]);
  });

  it("are never installed through a link: that would empty another checkout's folder", async () => {
    fakeNpm(0);
    mkdirSync(join(root, "other"));
    symlinkSync("other", join(root, "node_modules"));
    await install();
    expect(calls()).toBe("");
  });

  it("when npm fails, its output is the detail of the error", async () => {
    fakeNpm(7);
    await expect(install()).rejects.toMatchObject({
      summary: "npm ci failed with exit code 7",
      detail: expect.arrayContaining(["noise", "the reason"]),
    });
  });
});
