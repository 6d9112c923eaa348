import { readFileSync } from "node:fs";

/**
 * Counts a run of vitest from its JSON report. What the report doesn't explain, a crash or a file that couldn't be
 * loaded, is a failure too: silence is never a success.
 *
 * @param {string} tier name of the run, for what has no test to name
 * @param {string} file the report
 * @param {number | string} exitCode vitest's, or the signal that ended it
 * @returns {import("./run-report.mjs").Counts}
 */
export function readReport(tier, file, exitCode) {
  /** @type {import("./run-report.mjs").Counts} */
  const counts = { passed: 0, failures: [], skips: [] };
  let results;
  try {
    results = JSON.parse(readFileSync(file, "utf8")).testResults;
    for (const result of results) countFile(result, counts);
  } catch (error) {
    counts.failures.push(
      `${tier}: vitest's report can't be read (exit code ${exitCode}): ${messageOf(error)}`,
    );
  }
  if (counts.failures.length === 0 && exitCode !== 0) {
    counts.failures.push(`${tier}: vitest failed with exit code ${exitCode}, see its output above`);
  }
  if (counts.failures.length === 0 && counts.passed + counts.skips.length === 0) {
    counts.failures.push(`${tier}: no test ran`);
  }
  return counts;
}

/** One test file of the report. @param {any} result @param {import("./run-report.mjs").Counts} counts */
function countFile({ name, status, message, assertionResults }, counts) {
  // A hook that failed, or a file that couldn't be loaded.
  const failedOutside =
    status === "failed" && !assertionResults.some((/** @type {any} */ test) => test.status === "failed");
  if (failedOutside) counts.failures.push(`${name}: ${message || "failed outside of its tests"}`);
  for (const test of assertionResults) {
    if (test.status === "passed") counts.passed++;
    else if (test.status === "failed") counts.failures.push(test.fullName);
    else {
      const unexplained = failedOutside ? "its file failed before" : "no reason given";
      counts.skips.push({ test: test.fullName, reason: test.meta?.skipReason ?? unexplained });
    }
  }
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The last line of `npm test`.
 *
 * @param {import("./run-report.mjs").Counts} counts
 */
export function summaryOf({ passed, failures, skips }) {
  const skipped = skips.length === 0 ? "" : `, ${skips.length} skipped`;
  return `${passed} passed, ${failures.length} failed${skipped}`;
}
