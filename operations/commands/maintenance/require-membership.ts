import { membershipAddress } from "../../../model/contract/terraform-address";
import type { Environment } from "../../../model/environment";
import { containersIn, membersIn, readLocalState } from "../../../model/local-state";
import { EXIT, Failure } from "../../base/failure";

/**
 * A worker whose deploy ended before Terraform had made its membership must not join by hand: deleted from the environment,
 * it would be destroyed with its shards, as only the membership's destroy drains it. Where the state is no local file, this
 * can't be known.
 *
 * @param output the project's output folder
 * @throws Failure (refused)
 */
export function requireMembership(output: string, environment: Environment, id: string): void {
  const state = readLocalState(output, environment);
  const made = containersIn(state).some((container) => container.id === id);
  if (!made || membersIn(state).includes(id)) return;
  throw new Failure(
    `${id} is not yet a member to Terraform: its state has the container and no ${membershipAddress(id)}, so the ` +
      "last deploy did not end well",
    `npx cdktf deploy ${environment.name}, which registers it; added by hand, it would be destroyed undrained when it is ` +
      "deleted from the environment",
    { exitCode: EXIT.refused },
  );
}
