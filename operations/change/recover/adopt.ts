import { STEP } from "../../../model/contract/terraform-address";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, Failure } from "../../base/failure";
import type { Adopt } from "./action";
import { checkPlan } from "./check-plan";
import type { Terraform } from "../../terraform/terraform";

/** Beside the stack, for as long as the adoption takes. */
const IMPORT_FILE = "pg-dist-recover.tf.json";

export interface Adoption {
  /** Whether a worker that is deleted from the environment now would be destroyed undrained. */
  readonly unsafe: boolean;
}

/** Removes what an adoption that was killed has left beside the stack. */
export function clearAdoption(folder: string): void {
  rmSync(join(folder, IMPORT_FILE), { force: true });
}

/**
 * Brings what exists into the state by import blocks: a plan of these resources only, checked before it is applied.
 *
 * @param folder of the synthesized stack
 * @throws Failure (refused) when the plan would do anything else than adopt; nothing was changed then but entries of
 *   the state for things that are gone
 */
export async function adopt(
  terraform: Terraform,
  folder: string,
  actions: readonly Adopt[],
): Promise<Adoption> {
  if (actions.length === 0) return { unsafe: false };
  // A plan holds the values of the variables, the password among them.
  const secret = mkdtempSync(join(tmpdir(), "pg-dist-plan-"));
  try {
    const outdated = actions.filter(({ replacesEntry }) => replacesEntry);
    await terraform.removeFromState(outdated.map(({ address }) => address));
    writeFileSync(
      join(folder, IMPORT_FILE),
      JSON.stringify({ import: actions.map(({ address, id }) => ({ to: address, id })) }, null, 2),
    );
    const saved = join(secret, "plan");
    const addresses = actions.map(({ address }) => address);
    const problems = checkPlan(await terraform.plan(saved, addresses), addresses);
    const [first] = problems;
    if (first !== undefined) {
      const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more, above)`;
      throw new Failure(
        `nothing was adopted: ${first}${more}`,
        "make the configuration what runs there, recover, and change it afterwards",
        { exitCode: EXIT.refused, detail: problems.length === 1 ? [] : problems },
      );
    }
    await terraform.apply(saved);
    clearAdoption(folder);
    return { unsafe: !(await restoreSafety(terraform, saved)) };
  } finally {
    clearAdoption(folder);
    rmSync(secret, { recursive: true, force: true });
  }
}

/** What runs before a container goes; both do nothing when they are created. */
const SAFETY = [STEP.membership, STEP.guard].map((name) => `null_resource.${name}`);

/**
 * Puts membership and guard back into the state, or a worker that is dropped in the next deploy would be destroyed
 * undrained. They depend on every container: while one is still missing it is left to the deploy.
 *
 * @returns whether they are there now
 */
async function restoreSafety(terraform: Terraform, saved: string): Promise<boolean> {
  const { resource_changes: changes = [] } = await terraform.plan(saved, SAFETY);
  const effective = changes.filter(({ change }) => !["no-op", "read"].includes(change.actions.join(" and ")));
  const only = effective.every(
    ({ type, change }) => type === "null_resource" && change.actions.join() === "create",
  );
  if (only && effective.length > 0) await terraform.apply(saved);
  return only;
}
