import { writeFileSync } from "node:fs";
import { formatEndpoint } from "../../../model/cluster";
import { STEP, nodeAddress } from "../../../model/contract/terraform-address";
import { type TerraformState, containersIn, membersIn } from "../../../model/terraform-state";
import { type StackJson, readStackFile, stackFile } from "../../terraform/stack-file";
import type { Terraform } from "../../terraform/terraform";
import { withSavedPlan } from "../../terraform/with-saved-plan";
import type { Action } from "./action";
import type { CoordinatorAnswer, Declared } from "./situation";

/** What runs before a container goes; both do nothing when they are created. */
const SAFETY = [STEP.membership, STEP.guard];

/**
 * Nodes whose containers the state has once what is adopted is in it, and no membership, as far as they may hold data: whom the
 * coordinator has registered, or all where nobody can say it. A worker among them that is deleted from the environment is destroyed
 * undrained.
 */
export function membershipsToRestore(
  state: TerraformState,
  { containers }: Declared,
  coordinator: CoordinatorAnswer,
  actions: readonly Action[],
): string[] {
  if (coordinator.kind === "empty") return [];
  const members = membersIn(state);
  const present = containersIn(state).map(({ id }) => id);
  const adopted = actions.flatMap((each) => (each.action === "adopt" ? [each.address] : []));
  return containers
    .filter(({ node, address }) => present.includes(node) || adopted.includes(address))
    .filter(({ node }) => !members.includes(node))
    .filter(({ node, endpoint }) => {
      // A registration that outlived its Terraform may still add nodes.
      if (coordinator.kind !== "answered" || coordinator.running.length > 0) return true;
      return coordinator.recorded.includes(node) || coordinator.registered.includes(formatEndpoint(endpoint));
    })
    .map(({ node }) => node);
}

/**
 * Puts the memberships, and with them the guard, back into the state, or a worker that is dropped in the next deploy would be
 * destroyed undrained. In the configuration they depend on every container, also on one that is missing and that only a deploy
 * makes: for as long as this takes, the stack's file names those that are there.
 *
 * @param nodes whose memberships are missing; those alone are put back
 * @returns whether they could be, without changing anything else
 */
export async function restoreMemberships(
  terraform: Terraform,
  folder: string,
  nodes: readonly string[],
): Promise<boolean> {
  if (nodes.length === 0) return true;
  const state = await terraform.pullState();
  const whole = readStackFile(folder);
  writeStack(folder, narrowToPresent(whole, state, nodes));
  try {
    return await withSavedPlan(terraform, async (saved) => {
      const targets = SAFETY.map((name) => `null_resource.${name}`);
      // By the state alone: a Docker host that can't be asked would stop it.
      const { resource_changes: changes = [] } = await terraform.plan(saved, targets, { refresh: false });
      const effective = changes.filter(
        ({ change }) => !["no-op", "read"].includes(change.actions.join(" and ")),
      );
      const only = effective.every(
        ({ type, change }) => type === "null_resource" && change.actions.join() === "create",
      );
      if (only) await terraform.apply(saved);
      return only;
    });
  } finally {
    writeStack(folder, whole);
  }
}

/** The stack with the steps of containers in the state alone, and new members alone of `nodes`. Who is a member already stays one. */
export function narrowToPresent(
  stack: StackJson,
  state: TerraformState,
  nodes: readonly string[],
): StackJson {
  const present = containersIn(state).map(({ id }) => id);
  const ids = new Set([...membersIn(state), ...nodes]);
  const containers = present.map((id) => `docker_container.${nodeAddress(id)}`);
  const steps = stack.resource?.["null_resource"] ?? {};
  const narrowed = SAFETY.map((name) => {
    const dependencies = (steps[name]?.["depends_on"] ?? []) as readonly string[];
    const each = name === STEP.membership ? { for_each: `\${toset(${JSON.stringify([...ids])})}` } : {};
    const depends_on = dependencies.filter((address) => containers.includes(address));
    return [name, { ...steps[name], ...each, depends_on }] as const;
  });
  return {
    ...stack,
    resource: {
      ...stack.resource,
      null_resource: { ...steps, ...Object.fromEntries(narrowed) },
    } as StackJson["resource"],
  };
}

function writeStack(folder: string, stack: StackJson): void {
  writeFileSync(stackFile(folder), JSON.stringify(stack, null, 2));
}
