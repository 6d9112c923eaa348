import { execFileSync } from "node:child_process";
import { callerOf } from "../../../../operations/base/caller/caller";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { local } from "../../../../environments/local";
import { findCandidates } from "../../../../operations/commands/completion/candidates";
import { createProgram } from "../../../../operations/commands/index";

const PG_DIST = join(__dirname, "../../../../bin/pg-dist.mjs");

describe("completion", () => {
  const program = createProgram(callerOf({}));
  const commands = program
    .createHelp()
    .visibleCommands(program)
    .map((command) => command.name());
  const nodes = ["server-a/coordinator", "server-b/worker1"];
  const knowledge = {
    environments: () => ["local", "production"],
    hosts: (environment: string) => (environment === "production" ? ["server-a", "server-b"] : []),
    nodes: (environment: string) => (environment === "production" ? nodes : []),
  };
  const words = (...typed: string[]) => findCandidates(program, typed, knowledge).map(({ word }) => word);

  it("knows every command of the program", () => {
    expect(words("")).toEqual(commands);
    expect(commands).toContain("status");
  });

  it("names the commands after help, and not help itself", () => {
    expect(words("help", "")).toEqual(commands.filter((name) => name !== "help"));
    expect(words("help", "rec")).toEqual(["recover"]);
  });

  it.each<[string[], string[]]>([
    [["lo"], ["locks", "logs"]],
    [["__"], []],
    [
      ["logs", ""],
      ["local", "production"],
    ],
    [["logs", "p"], ["production"]],
    [["logs", "production", ""], nodes],
    [["logs", "production", "--follow", "server-b/"], ["server-b/worker1"]],
    [["logs", "--since", ""], []],
    [["logs", "--since", "1h", "lo"], ["local"]],
    [["logs", "--since=1h", "lo"], ["local"]],
    [["logs", "--since", "=", "1h", "lo"], ["local"]],
    [["logs", "nowhere", ""], []],
    [["logs", "production", "server-b/worker1", ""], []],
    [["logs", "--f"], ["--follow"]],
    [["tenants", "--l"], ["--limit"]],
    [
      ["rebalance", "local", ""],
      ["plan", "start", "watch", "stop"],
    ],
    [["drain", "production", "server-b"], ["server-b/worker1"]],
    [
      ["forget", "production", ""],
      ["server-a", "server-b", ...nodes],
    ],
    [
      ["forget", "production", "server-a", "server-b"],
      ["server-b", "server-b/worker1"],
    ],
    [["completion", "z"], ["zsh"]],
    // The value of an option, as a word of its own and behind its name.
    [["psql", "--via", "s"], ["ssh"]],
    [["status", "--via=s"], ["--via=ssh"]],
    [
      ["status", "--via="],
      ["--via=direct", "--via=ssh", "--via=exec"],
    ],
    // As bash splits it.
    [["status", "--via", "=", "s"], ["ssh"]],
    [
      ["status", "--via", "="],
      ["direct", "ssh", "exec"],
    ],
    [["status", "--via", "=", "ssh", "lo"], ["local"]],
    // A number of seconds may come first.
    [["status", "--watch", ""], []],
    [["status", "--watch", "5", "l"], ["local"]],
    [["status", "--watch", "--j"], ["--json"]],
    [["status", "--watch", "--json", "l"], ["local"]],
    [["psql", "production", "--", ""], []],
    [["nonsense", ""], []],
  ])("%j", (typed, expected) => {
    expect(words(...typed)).toEqual(expected);
  });

  describe("in a shell", () => {
    const folder = mkdtempSync(join(tmpdir(), "pg-dist-completion-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, "environments"));
    writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ app: "true" }));
    writeFileSync(join(folder, "environments", "local.ts"), `export const local = ${JSON.stringify(local)};`);
    const script = (shell: string) =>
      execFileSync(process.execPath, [PG_DIST, "completion", shell], { encoding: "utf8" });

    it("bash completes a node of the project's environment", () => {
      writeFileSync(join(folder, "script"), script("bash"));
      const type = `source ./script
        COMP_WORDS=(pg-dist logs local "local/w"); COMP_CWORD=3
        _pg_dist; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const found = execFileSync("bash", ["-c", type], { cwd: folder, encoding: "utf8" });
      expect(found.trim().split("\n")).toEqual(["local/worker1", "local/worker2"]);
    });

    it("bash completes the value of an option behind its name", () => {
      writeFileSync(join(folder, "script"), script("bash"));
      const type = `source ./script
        COMP_WORDS=(pg-dist status --via = s); COMP_CWORD=4
        _pg_dist; printf '%s\\n' "\${COMPREPLY[@]}"`;
      expect(execFileSync("bash", ["-c", type], { cwd: folder, encoding: "utf8" }).trim()).toBe("ssh");
    });

    it.each(["zsh", "fish"])("%s asks the same program", (shell) => {
      expect(script(shell)).toContain(`${PG_DIST} __complete --`);
    });

    it("knows no other shell", () => {
      expect(() =>
        execFileSync(process.execPath, [PG_DIST, "completion", "tcsh"], { stdio: "pipe" }),
      ).toThrow(/Allowed choices are bash, zsh, fish/);
    });
  });
});
