import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, onTestFinished } from "vitest";

/** Terraform's folder for providers that are installed by hand; from there they come without a registry. */
const PLUGINS = join(homedir(), ".terraform.d/plugins");

/**
 * Runs Terraform in a folder, with nothing of the user's own configuration.
 *
 * @returns what it wrote to its standard output
 * @throws when it ends with another exit code than 0, with what it wrote to its standard error
 */
export type Terraform = (folder: string, args: readonly string[], input?: string) => string;

/** Terraform, or the test is skipped where it isn't installed. */
export function requireTerraform(context: TestContext): Terraform {
  const configuration = join(mkdtempSync(join(tmpdir(), "pg-dist-test-")), "terraform.rc");
  onTestFinished(() => rmSync(join(configuration, ".."), { recursive: true, force: true }));
  writeFileSync(configuration, "");
  const run: Terraform = (cwd, args, input = "") =>
    execFileSync("terraform", args, {
      cwd,
      input,
      encoding: "utf8",
      env: { ...process.env, TF_CLI_CONFIG_FILE: configuration, CHECKPOINT_DISABLE: "1", TF_INPUT: "0" },
    });
  try {
    run(tmpdir(), ["version"]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    context.skip("terraform is not installed");
  }
  return run;
}

/** Initializes a stack's folder from the providers that are installed, or skips the test where they aren't. */
export function initialize(terraform: Terraform, folder: string, context: TestContext): void {
  for (const source of ["kreuzwerker/docker/4.5.0", "hashicorp/null/3.2.4"]) {
    if (!existsSync(join(PLUGINS, "registry.terraform.io", source))) {
      context.skip(`provider ${source} is not in ~/.terraform.d/plugins`);
    }
  }
  terraform(folder, ["init", "-backend=false", `-plugin-dir=${PLUGINS}`, "-no-color"]);
}
