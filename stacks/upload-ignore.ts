import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TerraformStack } from "cdktf";
import { afterSynthesis } from "../constructs/after-synthesis";
import type { Environment } from "../model/environment";

/**
 * Also for `tar --exclude-from`. Terraform adds what it leaves out anyway, `.terraform/` without its modules and `.git/`
 * (go-slug 0.16.8), to the file's rules.
 */
const RULES = `# What earlier runs left here holds passwords, and no remote run reads it.
plan
*.plan
*.plan.review.json
*.tfstate*
`;

/**
 * Terraform uploads the stack's whole folder for a remote run: without this file also plans of the time when the state was
 * elsewhere (cdktf's is called `plan`), or that a killed run left.
 */
export function placeUploadIgnore(stack: TerraformStack, { backend }: Pick<Environment, "backend">): void {
  if (backend?.type !== "cloud") return;
  afterSynthesis(stack, (folder) => writeFileSync(join(folder, ".terraformignore"), RULES));
}
