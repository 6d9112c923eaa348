import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { USAGE } from "../../quickstart/options.mjs";

function quickstart(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(__dirname, "../../quickstart/quickstart.mjs"), ...args],
    { encoding: "utf8", env },
  );
  return { status, stdout, stderr };
}

describe("npm run quickstart", () => {
  it("explains itself", () => {
    expect(quickstart(["--help"])).toEqual({ status: 0, stdout: `${USAGE}\n`, stderr: "" });
  });

  it("ends with 2 and the usage for what it doesn't know, before it does anything", () => {
    const { status, stdout, stderr } = quickstart(["production"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^quickstart: Unexpected argument 'production': see the usage below\n {2}Usage: /);
  });

  it("ends with 1 and one line where something must be installed, before it installs npm packages", () => {
    const { status, stderr } = quickstart([], { PATH: "" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^quickstart: neither terraform nor tofu is in PATH: install .*\n$/);
  });
});
