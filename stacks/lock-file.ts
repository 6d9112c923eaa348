import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { TerraformStack } from "cdktf";
import { afterSynthesis } from "../constructs/after-synthesis";

/** Terraform's dependency lock file of this project; committed, as Terraform's documentation advises. */
const LOCK_FILE = join(__dirname, "providers.lock.hcl");

/**
 * Puts the lock file beside the synthesized stack, where Terraform looks for it: each run takes the reviewed provider
 * version, and `cdktf deploy` doesn't ask the registry for one.
 */
export function placeLockFile(stack: TerraformStack): void {
  afterSynthesis(stack, (folder) => copyFileSync(LOCK_FILE, join(folder, ".terraform.lock.hcl")));
}
