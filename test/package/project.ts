import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "vitest";

export const ROOT = join(__dirname, "../..");

/** Everything of this repository that a build or a synthesis reads. */
const SOURCES = [
  ...["bin", "constructs", "environments", "model", "operations", "schemas", "stacks", "index.ts", "main.ts"],
  ...["package.json", "tsconfig.json", "tsconfig.build.json", "cdktf.json", "README.md"],
];

/** How npm says that it can't reach its registry. */
const UNREACHABLE =
  /ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT/;

/** Copies the sources, so that a build doesn't disturb whoever uses this folder's `dist`. */
export function copySources(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const source of SOURCES) cpSync(join(ROOT, source), join(folder, source), { recursive: true });
}

export function linkPackages(folder: string): void {
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
}

/**
 * Runs a command in a folder.
 *
 * @returns what it wrote to its standard output
 * @throws with what it wrote, compilers' messages included, when it fails
 */
export function runIn(cwd: string, command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error });
  }
}

/** Compiles a TypeScript project, or only checks it, with this repository's compiler. */
export function compile(folder: string, ...args: string[]): void {
  runIn(folder, "node", join(ROOT, "node_modules/typescript/bin/tsc"), ...args);
}

/** Installs what the folder's package.json names, or skips the test where npm's registry is out of reach. */
export function install(folder: string, manifest: object, context: TestContext): void {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, ...manifest }, null, 2));
  const quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"];
  try {
    runIn(
      folder,
      "npm",
      "install",
      "--prefer-offline",
      "--fetch-retries=1",
      "--fetch-retry-mintimeout=1000",
      ...quiet,
    );
  } catch (error) {
    const reason = UNREACHABLE.exec(String(error));
    if (reason === null) throw error;
    context.skip(`npm's registry can't be reached (${reason[0]})`);
  }
}
