import { Command, Option } from "commander";
import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { local } from "../../environments/local";
import { findCandidates } from "../../operations/completion/candidates";

const PG_DIST = join(__dirname, "../../bin/pg-dist.mjs");

describe("completion", () => {
  const program = new Command("pg-dist").option("--no-color", "no colours");
  program.command("status").argument("[environment]").option("--json", "for a script");
  program
    .command("logs")
    .argument("<environment>")
    .argument("<node>")
    .option("-f, --follow", "go on")
    .option("--since <time>", "from then on");
  const rebalance = program.command("rebalance");
  rebalance.command("plan").argument("<environment>");
  rebalance.command("start").argument("<environment>");
  program
    .command("psql")
    .argument("[environment]")
    .argument("[node]")
    .addOption(new Option("--via <way>").choices(["direct", "ssh"]));
  program.command("__complete", { hidden: true });
  const knowledge = {
    environments: () => ["local", "production"],
    nodes: (environment: string) => (environment === "local" ? ["local/coordinator", "local/worker1"] : []),
  };
  const words = (...typed: string[]) => findCandidates(program, typed, knowledge).map(({ word }) => word);

  it.each<[string[], string[]]>([
    [[""], ["status", "logs", "rebalance", "psql", "help"]],
    [["l"], ["logs"]],
    [
      ["logs", ""],
      ["local", "production"],
    ],
    [["logs", "p"], ["production"]],
    [
      ["logs", "local", ""],
      ["local/coordinator", "local/worker1"],
    ],
    [["logs", "local", "--follow", "local/w"], ["local/worker1"]],
    [["logs", "--since", ""], []],
    [["logs", "--since", "1h", "lo"], ["local"]],
    [["logs", "nowhere", ""], []],
    [["logs", "local", "local/worker1", ""], []],
    [["logs", "--f"], ["--follow"]],
    [
      ["status", "--"],
      ["--no-color", "--help", "--json"],
    ],
    [["rebalance", "s"], ["start"]],
    [["rebalance", "plan", "l"], ["local"]],
    [["psql", "--via", "s"], ["ssh"]],
    [["psql", "local", "--", ""], []],
    [["nonsense", ""], []],
  ])("%j", (typed, expected) => {
    expect(words(...typed).filter((word) => word !== "help" || typed[0] === "")).toEqual(expected);
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
