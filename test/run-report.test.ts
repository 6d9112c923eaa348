import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, linkPackages } from "./package/project";
import { readReport, summaryOf } from "./run-report.mjs";
import { temporaryFolder } from "./synthesis";

/** Runs a test file with vitest as `npm test` does, and counts it. */
function countsOf(test: string) {
  const folder = temporaryFolder();
  linkPackages(folder);
  writeFileSync(
    join(folder, "some.test.mjs"),
    `import { beforeAll, describe, expect, it } from "vitest";\n${test}`,
  );
  const report = join(folder, "report.json");
  const reporters = [join(ROOT, "test/reporter.mjs"), "json"].map((each) => `--reporter=${each}`);
  const args = ["run", `--root=${folder}`, ...reporters, `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), ...args]);
  return readReport("unit tests", report, status ?? "none");
}

describe("a run is counted", () => {
  it("by its passed, failed and skipped tests, the last with their reason", () => {
    const counts = countsOf(`
      it("one", () => {});
      describe("group", () => it("two", () => {}));
      it("three", () => expect(1).toBe(2));
      it("four", ({ skip }) => skip("no engine here"));
      it.skip("five", () => {});`);
    expect(counts).toEqual({
      passed: 2,
      failures: ["three"],
      skips: [
        { test: "four", reason: "no engine here" },
        { test: "five", reason: "no reason given" },
      ],
    });
    expect(summaryOf(counts)).toBe("2 passed, 1 failed, 2 skipped");
  });

  it("as failed where a hook fails and no test is tried", () => {
    const counts = countsOf(`
      beforeAll(() => { throw new Error("no engine"); });
      it("one", () => {});`);
    expect(counts.failures).toEqual([expect.stringContaining("some.test.mjs: ")]);
    expect(counts).toMatchObject({ passed: 0, skips: [{ test: "one", reason: "its file failed before" }] });
  });

  it("as failed where a file can't be loaded", () => {
    expect(countsOf(`throw new Error("not loaded");`).failures).toEqual([
      expect.stringContaining("not loaded"),
    ]);
  });

  it("as failed where an error comes up outside of every test", () => {
    const counts = countsOf(`it("one", () => { setTimeout(() => { throw new Error("late"); }); });
      it("two", () => new Promise((done) => setTimeout(done, 50)));`);
    expect(counts).toMatchObject({
      passed: 2,
      failures: ["unit tests: vitest failed with exit code 1, see its output above"],
    });
  });

  it("as failed where vitest crashed and left no report, or half of one", () => {
    const folder = temporaryFolder();
    const report = join(folder, "report.json");
    expect(readReport("unit tests", report, "SIGKILL").failures).toEqual([
      expect.stringMatching(/^unit tests: vitest's report can't be read \(exit code SIGKILL\): /),
    ]);
    for (const content of ['{"testResults": [', "{}", "null"]) {
      writeFileSync(report, content);
      expect(readReport("unit tests", report, 0).failures).toHaveLength(1);
    }
  });

  it("as failed where nothing ran", () => {
    const report = join(temporaryFolder(), "report.json");
    writeFileSync(report, '{"testResults": []}');
    expect(readReport("e2e tests", report, 0).failures).toEqual(["e2e tests: no test ran"]);
  });
});
