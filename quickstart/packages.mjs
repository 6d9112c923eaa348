import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.mjs";

const LAST_LINES = 40;

/**
 * Installs the project's npm packages with `npm ci` if they are missing or older than package-lock.json.
 *
 * @param {string} root the project's folder
 * @param {(line: string) => void} say
 * @throws {Failure} with npm's own output as detail
 */
export async function installPackages(root, say) {
  if (isUpToDate(root)) return;
  say("installing the npm packages (npm ci): about 500 MB on disk, a few minutes on a slow line");
  const { code, output } = await npm(root, [
    "ci",
    "--include=dev",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ]);
  if (code !== 0) {
    throw new Failure(
      `npm ci failed with exit code ${code}`,
      "see npm's output below; where the registry can't be reached, set npm's registry or proxy (npm config)",
      { detail: output.trimEnd().split("\n").slice(-LAST_LINES) },
    );
  }
  say("npm packages are installed");
}

/** npm writes node_modules/.package-lock.json last: it is missing after an interrupted installation. */
function isUpToDate(/** @type {string} */ root) {
  // npm ci would empty the folder behind a link, which is somebody else's.
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  const installed = statSync(join(root, "node_modules", ".package-lock.json"), { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number | string, output: string }>}
 */
async function npm(root, args) {
  const child = spawn("npm", args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  }
  try {
    const [code, signal] = await once(child, "close");
    return { code: code ?? signal, output };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(`npm can't be started (${reason})`, "install npm, which comes with Node");
  }
}
