import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Terraform } from "./terraform";

/**
 * Has a plan saved for as long as the work with it takes, in a folder of its own: it holds the password. The run of a plan that
 * a server keeps is discarded afterwards, unless it was applied: nobody may confirm there what was dropped here.
 */
export async function withSavedPlan<Result>(
  terraform: Pick<Terraform, "discard">,
  work: (file: string) => Promise<Result>,
): Promise<Result> {
  const secret = mkdtempSync(join(tmpdir(), "pg-dist-plan-"));
  const file = join(secret, "plan");
  try {
    return await work(file);
  } finally {
    // What went wrong before says more than that this did.
    await terraform.discard(file).catch(() => undefined);
    rmSync(secret, { recursive: true, force: true });
  }
}
