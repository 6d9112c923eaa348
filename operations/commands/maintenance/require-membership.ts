import { membershipAddress } from "../../../model/contract/terraform-address";
import type { Environment } from "../../../model/environment";
import { localStatePath, readLocalState } from "../../../model/local-state";
import { type TerraformState, containersIn, membersIn } from "../../../model/terraform-state";
import { EXIT, Failure } from "../../base/failure";
import type { Changing } from "../../cli/change-command";
import { type Project, findProject } from "../../terraform/project";
import { synthesize } from "../../terraform/synthesize";
import { Terraform } from "../../terraform/terraform";
import { deployOf } from "../../base/remedy";

/**
 * A worker whose deploy ended before Terraform had made its membership must not join by hand: deleted from the environment,
 * it would be destroyed with its shards, as only the membership's destroy drains it.
 *
 * @throws Failure (refused); also where the state can't be read
 */
export async function requireMembership(
  environment: Environment,
  id: string,
  target: Changing,
): Promise<void> {
  const state = await readState(findProject(), environment, target);
  const made = containersIn(state).some((container) => container.id === id);
  if (!made || membersIn(state).includes(id)) return;
  throw new Failure(
    `${id} is not yet a member to Terraform: its state has the container and no ${membershipAddress(id)}, so the ` +
      "last deploy did not end well",
    `${deployOf(environment.name)}, which registers it; added by hand, it would be destroyed undrained when it is ` +
      "deleted from the environment",
    { exitCode: EXIT.refused },
  );
}

/** A file is read as it is; elsewhere Terraform has to fetch the state. */
async function readState(
  project: Project,
  environment: Environment,
  { caller: { env }, progress }: Changing,
): Promise<TerraformState> {
  if (localStatePath(environment) !== undefined) return readLocalState(project.output, environment);
  progress("reading Terraform's state");
  const terraform = new Terraform(await synthesize(project, environment.name, env), env);
  await terraform.init();
  return terraform.pullState();
}
