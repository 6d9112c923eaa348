import { resolve } from "node:path";
import type { Environment } from "../../environments/environment";
import { containersIn, membersIn, readLocalState, localStatePath } from "../../environments/local-state";
import { EXIT, Failure } from "../failure";

/**
 * A worker whose deploy ended before Terraform had made its membership must not join by hand: deleted from the environment,
 * it would be destroyed with its shards, as only the membership's destroy drains it. Where the state is no local file, this
 * can't be known.
 *
 * @param folder in which the project's output folder is
 * @throws Failure (refused)
 */
export function requireMembership(folder: string, environment: Environment, id: string): void {
  const path = localStatePath(environment);
  if (path === undefined) return;
  const state = readLocalState(resolve(folder, path));
  const made = containersIn(state).some((container) => container.id === id);
  if (!made || membersIn(state).includes(id)) return;
  throw new Failure(
    `${id} is not yet a member to Terraform: its state has the container and no null_resource.membership["${id}"], so the ` +
      "last deploy did not end well",
    `npx cdktf deploy ${environment.name}, which registers it; added by hand, it would be destroyed undrained when it is ` +
      "deleted from the environment",
    { exitCode: EXIT.refused },
  );
}
