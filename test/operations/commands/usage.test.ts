import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectShape } from "../../fixtures/json-shape";

const ROOT = join(__dirname, "../../..");

function pgDist(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/pg-dist.mjs", ...args], {
    cwd: ROOT,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], TF_VAR_postgres_password: "x" },
  });
  return { code: status, stdout, stderr };
}

describe("a wrong command line ends with 2", () => {
  it.each([
    [["status", "--json", "--timeout", "abc", "local"], "status", /--timeout.*from 1 to 3600/],
    [["health", "local", "--json", "--bogus"], "health", /unknown option '--bogus'/],
    [["rebalance", "local", "dance", "--json"], "rebalance", /dance.*Allowed choices are plan/],
    [
      ["status", "local", "--watch", "--json"],
      "status",
      /'--watch \[seconds\]' cannot be used with .*'--json'/,
    ],
    [["--json"], "pg-dist", /unknown option/],
  ])("and with --json says so on standard output: %j", (args, command, summary) => {
    const { code, stdout, stderr } = pgDist(...args);
    const answer = expectShape("failure", stdout);
    expect(answer).toMatchObject({ command, failure: { summary: expect.stringMatching(summary) as string } });
    expect(stderr).toMatch(summary);
    expect(code).toBe(2);
  });

  it("and leaves standard output empty without --json", () => {
    expect(pgDist("status", "local", "--timeout", "abc")).toMatchObject({ code: 2, stdout: "" });
  });

  it.each(["abc", "-5", "0", "1.5", ""])("tenants --limit %j", (limit) => {
    const { code, stderr } = pgDist("tenants", "local", "--limit", limit);
    expect(stderr).toContain("It must be a whole number, at least 1.");
    expect(code).toBe(2);
  });

  it("psql with an address and a node's name", () => {
    const { code, stderr } = pgDist("psql", "--url", "postgres://127.0.0.1", "worker1");
    expect(stderr).toContain("--url and worker1 are given: a node's name needs an environment");
    expect(code).toBe(2);
  });
});
