// `npm test`: plain JavaScript, as it runs on a fresh clone and installs the npm packages first.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackages } from "../quickstart/packages.mjs";
import { checkNode, describePlatform } from "../quickstart/platform.mjs";
import { createProgress } from "../quickstart/progress.mjs";
import { readReport, summaryOf } from "./run-report.mjs";
import { chooseTiers } from "./tiers.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const USAGE = `usage: npm test                types, lint, format, unused exports, the unit tests and the end-to-end tests
       npm test -- --unit      without the end-to-end tests: needs no Docker engine, and neither Linux nor root
       npm run test:full       with the long end-to-end tests
PGDIST_PARTS=real makes a missing Citus image or provider an error, stand-in ignores the real ones.`;

const CHECKS = [
  { name: "types", program: "typescript/bin/tsc", args: ["--noEmit"] },
  { name: "lint", program: "eslint/bin/eslint.js", args: ["."] },
  // knip.json names the entries; the tests are among them.
  { name: "unused exports", program: "knip/bin/knip.js", args: ["--no-progress"] },
  { name: "format", program: "prettier/bin/prettier.cjs", args: ["--check", "--log-level=warn", "."] },
];

/** The tiers of vitest.config.mts. */
const TIERS = { "": ["unit", "e2e"], "--unit": ["unit"], "--full": ["unit", "e2e", "full"] };

const progress = createProgress();
/** @type {import("./run-report.mjs").Counts} */
const total = { passed: 0, failures: [], skips: [] };
/** @type {import("node:child_process").ChildProcess | undefined} */
let child;
let interrupted = false;

/** @param {string[]} wanted */
async function runAll(wanted) {
  const reports = mkdtempSync(join(tmpdir(), "pg-dist-run-"));
  try {
    const { engines } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    checkNode(process.versions.node, engines.node);
    const { platform, arch } = process;
    for (const note of describePlatform({ platform, arch, abi: process.versions.modules })) {
      progress.say(`note: ${note}`);
    }
    const { tiers, skips } = chooseTiers(wanted, { platform, uid: process.getuid?.() });
    for (const { test, reason } of skips) progress.say(`not run: ${test}: ${reason}`);
    total.skips.push(...skips);
    await installPackages(ROOT, progress.say);
    for (const { name, program, args } of CHECKS) {
      await step(name, async () => {
        const code = await runPackage(program, args);
        return code === 0
          ? { passed: 1, failures: [], skips: [] }
          : { passed: 0, failures: [name], skips: [] };
      });
    }
    for (const tier of tiers) {
      await step(`${tier} tests`, async () => {
        const report = join(reports, `${tier}.json`);
        const reporters = ["default", "./test/reporter.mjs", "json"].map((each) => `--reporter=${each}`);
        const args = ["run", "--project", tier, ...reporters, `--outputFile.json=${report}`];
        return readReport(`${tier} tests`, report, await runPackage("vitest/vitest.mjs", args));
      });
    }
  } catch (error) {
    // A Failure of the quickstart says cause and remedy, and has the tool's own output.
    const { summary, remedy, detail = [], stack } = Object(error);
    total.failures.push(summary === undefined ? String(stack ?? error) : `${summary}: ${remedy}`);
    for (const line of detail) progress.print(`  ${line}`);
  } finally {
    rmSync(reports, { recursive: true, force: true });
    progress.end();
  }
}

/** @param {string} name @param {() => Promise<import("./run-report.mjs").Counts>} run */
async function step(name, run) {
  if (interrupted) return;
  progress.say(name);
  const counts = await run();
  total.passed += counts.passed;
  total.failures.push(...counts.failures);
  total.skips.push(...counts.skips);
  progress.say(`${name}: ${summaryOf(counts)}`);
}

/**
 * Runs the program of an npm package, with its output shown as it comes.
 *
 * @param {string} program its path in node_modules
 * @param {string[]} args
 * @returns {Promise<number | string>} its exit code, or the signal that ended it
 */
function runPackage(program, args) {
  return new Promise((resolve, reject) => {
    // A process group of its own: a terminal's Ctrl-C would end it before it has cleaned up.
    child = spawn(process.execPath, [join(ROOT, "node_modules", program), ...args], {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
    });
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
}

/** At the first signal the running test ends and cleans up, and nothing more is started; a second one doesn't wait. */
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    if (interrupted) {
      if (child?.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      return;
    }
    interrupted = true;
    total.failures.push(`interrupted by ${signal}`);
    progress.print("interrupted: the running test ends and cleans up; a second time ends it at once");
    child?.kill("SIGTERM");
  });
}

const [option = "", ...others] = process.argv.slice(2);
const tiers = others.length === 0 ? TIERS[/** @type {keyof typeof TIERS} */ (option)] : undefined;
if (tiers === undefined) {
  console.error(USAGE);
  process.exit(2);
}
await runAll(tiers);
for (const { test, reason } of total.skips) console.log(`skipped: ${test}: ${reason}`);
for (const failure of total.failures) console.log(`failed: ${failure}`);
console.log(summaryOf(total));
process.exitCode = total.failures.length > 0 || total.passed === 0 ? 1 : 0;
