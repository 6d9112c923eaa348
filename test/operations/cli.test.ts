import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { local } from "../../environments/local";

const ROOT = join(__dirname, "../..");
const PG_DIST = join(ROOT, "bin/pg-dist.mjs");

describe("pg-dist", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pg-dist-cli-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function run(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ) {
    const { cwd = folder, env = process.env } = options;
    return new Promise<{ exitCode: number; stdout: string; last: string }>((resolve) => {
      execFile(command, args, { cwd, env }, (error, stdout, stderr) =>
        resolve({
          exitCode: error === null ? 0 : Number(error.code),
          stdout,
          last: stderr.trim().split("\n").at(-1) ?? "",
        }),
      );
    });
  }

  const pgDist = (...args: string[]) => run(process.execPath, [PG_DIST, ...args]);

  /** A project whose synthesis does nothing, with `local` and whatever else. */
  function project(files: Readonly<Record<string, string>> = {}): void {
    mkdirSync(join(folder, "environments"));
    writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ app: "true" }));
    const all = { "local.ts": `export const local = ${JSON.stringify(local)};`, ...files };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, "environments", name), text);
  }

  it("shows help with an example and the exit codes, on both levels", async () => {
    const top = await pgDist("--help");
    expect(top.exitCode).toBe(0);
    expect(top.stdout).toContain("npx pg-dist status production");
    expect(top.stdout).toContain("4  refused");
    const recover = await pgDist("recover", "--help");
    expect(recover.exitCode).toBe(0);
    expect(recover.stdout).toContain("npx pg-dist recover production --json");
  });

  it("runs by npx in a clone, without a registry", async () => {
    const env = { ...process.env, npm_config_cache: join(folder, "npm"), npm_config_offline: "true" };
    const { exitCode, stdout } = await run("npx", ["pg-dist", "recover", "--help"], { cwd: ROOT, env });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Usage: pg-dist recover");
  });

  it.each([[["recover"]], [["recover", "local", "--frobnicate"]], [["frobnicate"]], [[]]])(
    "takes %j for a wrong command line",
    async (args) => {
      expect((await pgDist(...args)).exitCode).toBe(2);
    },
  );

  it("names the environments that exist, and not the files beside them", async () => {
    project({ "shared.ts": "export const image = 'x';", "broken.ts": "throw new Error('x');" });
    const { exitCode, last } = await pgDist("recover", "lokal");
    expect(last).toMatch(/^pg-dist: no environment lokal: use one of: local \(/);
    expect(exitCode).toBe(2);
    expect((await pgDist("recover", "shared")).exitCode).toBe(2);
    expect((await pgDist("recover", "../environments/local")).exitCode).toBe(2);
  });

  it("wants to be in a project", async () => {
    const { exitCode, last } = await pgDist("recover", "local");
    expect(last).toMatch(/^pg-dist: no cdktf\.json in .*: run it in the folder of the project/);
    expect(exitCode).toBe(2);
  });

  it("shows what is wrong with an environment", async () => {
    const wrong = { ...local, name: "wrong", coordinator: { host: "nowhere" } };
    project({ "wrong.ts": `export const wrong = ${JSON.stringify(wrong)};` });
    const { exitCode, last } = await pgDist("recover", "wrong");
    expect(last).toMatch(/^pg-dist: environment wrong: coordinator\.host: .*nowhere/);
    expect(exitCode).toBe(1);
  });

  it("shows why a file can't be loaded", async () => {
    project({ "broken.ts": "throw new Error('no such thing');" });
    const { exitCode, last } = await pgDist("recover", "broken");
    expect(last).toMatch(/can't load .*broken\.ts: no such thing: correct it$/);
    expect(exitCode).toBe(1);
  });

  it("shows why a project can't be synthesized", async () => {
    project();
    writeFileSync(
      join(folder, "cdktf.json"),
      JSON.stringify({ app: "echo 'Error: no stack today' >&2; false" }),
    );
    const { exitCode, last } = await pgDist("recover", "local");
    expect(last).toContain("the project can't be synthesized: Error: no stack today");
    expect(exitCode).toBe(1);
  });
});
