import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Lends a file for a plan that is needed for a moment only: it holds the values of the variables, the password among them. */
export async function withSavedPlan<Result>(work: (file: string) => Promise<Result>): Promise<Result> {
  const secret = mkdtempSync(join(tmpdir(), "pg-dist-plan-"));
  try {
    return await work(join(secret, "plan"));
  } finally {
    rmSync(secret, { recursive: true, force: true });
  }
}
