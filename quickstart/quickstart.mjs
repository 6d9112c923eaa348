// `npm run quickstart`: plain JavaScript, as it runs on a fresh clone. What needs the project's packages is TypeScript
// and is loaded once they are there (up.ts, down.ts).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseOptions, USAGE } from "./options.mjs";
import { installPackages } from "./packages.mjs";
import { checkNode, describePlatform } from "./platform.mjs";
import { createProgress } from "./progress.mjs";
import { findTerraform } from "./terraform.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @param {readonly string[]} args */
async function run(args) {
  const command = parseOptions(args);
  if (command === "help") {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const progress = createProgress();
  try {
    const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    checkNode(process.versions.node, engines.node);
    const { platform, arch } = process;
    for (const note of describePlatform({ platform, arch, abi: process.versions.modules })) {
      progress.say(`note: ${note}`);
    }
    // Before the long work: nobody should wait for npm to learn that Terraform is missing.
    const terraform = findTerraform(process.env);
    await installPackages(root, progress.say);
    const context = { root, terraform, say: progress.say, print: progress.print };
    const steps = await loadSteps();
    await steps[command](context);
  } finally {
    progress.end();
  }
}

/** What is written in TypeScript: as in bin/pg-dist.mjs, the sources run as they are. */
async function loadSteps() {
  const { register } = await import("tsx/cjs/api");
  register();
  return createRequire(import.meta.url)("./steps.ts");
}

/** @param {any} error a Failure, of failure.mjs or operations/failure.ts, or one that nobody foresaw */
function report(error) {
  const isFailure = typeof error?.summary === "string" && typeof error.remedy === "string";
  const [message, ...others] = String(error?.message ?? error).split("\n");
  const line = isFailure ? `${error.summary}: ${error.remedy}` : message;
  const detail = isFailure ? error.detail : error?.constructor === Error ? others : [error?.stack];
  process.stderr.write(`quickstart: ${line}\n`);
  for (const each of detail) process.stderr.write(each === "" ? "\n" : `  ${each}\n`);
  return error?.exitCode === 2 ? 2 : 1;
}

// A reader that has seen enough (`| head`) must not end a deployment half-way.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

process.exitCode = await run(process.argv.slice(2)).then(() => 0, report);
