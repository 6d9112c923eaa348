import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, Failure, moreAbove } from "../../base/failure";
import type { Terraform } from "../../terraform/terraform";
import { withSavedPlan } from "../../terraform/with-saved-plan";
import type { Adopt } from "./action";
import { checkPlan } from "./check-plan";

/** Beside the stack, for as long as the adoption takes. */
const IMPORT_FILE = "pg-dist-recover.tf.json";

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
export async function adopt(terraform: Terraform, folder: string, actions: readonly Adopt[]): Promise<void> {
  if (actions.length === 0) return;
  try {
    const outdated = actions.filter(({ replacesEntry }) => replacesEntry);
    await terraform.removeFromState(outdated.map(({ address }) => address));
    writeFileSync(
      join(folder, IMPORT_FILE),
      JSON.stringify({ import: actions.map(({ address, id }) => ({ to: address, id })) }, null, 2),
    );
    await withSavedPlan(terraform, async (saved) => {
      const addresses = actions.map(({ address }) => address);
      const problems = checkPlan(await terraform.plan(saved, addresses), addresses);
      const [first] = problems;
      if (first !== undefined) {
        throw new Failure(
          `nothing was adopted: ${first}${moreAbove(problems.length - 1)}`,
          "make the configuration match what runs there, recover, and change it afterwards",
          { exitCode: EXIT.refused, detail: problems.length === 1 ? [] : problems },
        );
      }
      await terraform.apply(saved);
    });
  } finally {
    clearAdoption(folder);
  }
}
