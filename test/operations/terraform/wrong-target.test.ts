import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "../../../model/environment";
import { findProject, findSameCluster, loadEnvironment } from "../../../operations/terraform/project";
import { READ_COMMANDS } from "../../fixtures/read-commands";
import { pgDistInProcess } from "../../fixtures/commands-in-process";

/** Nothing answers there: a command that goes on fails with another code than 4. */
const production: Environment = {
  name: "production",
  hosts: { a: { connection: "unix:///nowhere/docker.sock" } },
  coordinator: { host: "a", port: 1 },
  workers: { a: 2 },
};

const COMMANDS: readonly (readonly string[])[] = [
  ...[...READ_COMMANDS, "doctor"].map((command) => [command, "staging", "--json"]),
  ["logs", "staging", "a/worker1"],
  ["psql", "staging", "--", "-c", "SELECT 1"],
  ...["plan", "start", "watch", "stop"].map((action) => ["rebalance", "staging", action]),
  ["drain", "staging", "a/worker1", "--yes"],
  ["remove", "staging", "a/worker1", "--yes"],
  ["add", "staging", "a/worker1"],
  ["forget", "staging", "a", "--confirm", "a"],
  ["recover", "staging", "--yes"],
  ["apply", "staging", "--json"],
];

const CHANGING = [
  "drain",
  "remove",
  "add",
  "forget",
  "recover",
  "apply",
  "rebalance start",
  "rebalance stop",
];

describe("an environment that isn't the one that was meant", () => {
  let folder = "";
  const write = (file: string, ...exported: unknown[]) =>
    writeFileSync(
      join(folder, "environments", `${file}.ts`),
      exported.map((each, index) => `export const e${index} = ${JSON.stringify(each)};\n`).join(""),
    );

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pg-dist-target-"));
    mkdirSync(join(folder, "environments"));
    writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ app: "false" }));
    write("production", production);
    vi.stubEnv("TF_VAR_postgres_password", "made up");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    vi.unstubAllEnvs();
  });

  it("is refused by every command where the copied file has kept its name", async () => {
    write("staging", production);
    for (const command of COMMANDS) {
      const { code, stderr } = await pgDistInProcess(folder, [...command]);
      expect({ command, code }).toEqual({ command, code: 4 });
      expect(stderr).toMatch(/staging\.ts exports production and not staging.*set `name: "staging"`/);
    }
  });

  it("is refused by what changes a cluster where only the name was changed, and read with a warning", async () => {
    write("staging", { ...production, name: "staging" });
    for (const command of COMMANDS.filter(([name]) => name !== "doctor" && name !== "logs")) {
      const { code, stderr } = await pgDistInProcess(
        folder,
        [...command, "--timeout", "1"].filter(fits(command)),
      );
      const changes = CHANGING.some((each) => `${command[0]} ${command[2]}`.startsWith(each));
      expect({ command, refused: code === 4 }).toEqual({ command, refused: changes });
      expect(stderr, command.join(" ")).toMatch(
        /environments staging and production are one cluster: both have cluster "citus" on unix:.*: delete the copy/,
      );
    }
  });

  it("is the one of its file's name, where a file exports several", () => {
    const project = findProject(folder);
    const other = { ...production, cluster: "other", name: "other" };
    write("staging", other, { ...other, name: "staging" });
    expect(loadEnvironment(project, "staging").name).toBe("staging");
    write("twice", { ...other, name: "twice" }, { ...production, name: "twice" });
    expect(() => loadEnvironment(project, "twice")).toThrow(/exports 2 environments named twice/);
  });

  it("is not one that has a cluster or hosts of its own, nor one whose file says another name", () => {
    const project = findProject(folder);
    write("staging", { ...production, name: "staging", cluster: "staging" });
    // Its coordinator has the same address, which is the container's name: each Docker host has it for itself.
    write("elsewhere", {
      ...production,
      name: "elsewhere",
      hosts: { a: { connection: "ssh://root@elsewhere" } },
    });
    write("production.old", production);
    expect(findSameCluster(project, production)).toEqual([]);
  });

  it("is one with the same coordinator by another way to its Docker host", () => {
    const project = findProject(folder);
    const at = (connection: string) => ({ a: { connection, address: "10.0.0.1" } });
    const own = { ...production, hosts: at("ssh://root@a") };
    write("staging", { ...own, name: "staging", hosts: at("ssh://root@10.0.0.1") });
    expect(findSameCluster(project, own)).toEqual([
      'environments production and staging are one cluster: both have cluster "citus" with its coordinator at 10.0.0.1:1',
    ]);
  });
});

/** recover has no time limit, and what follows -- is psql's. */
function fits([command]: readonly string[]) {
  return (word: string, index: number, words: string[]) =>
    (command !== "recover" && command !== "psql") || index < words.length - 2;
}
