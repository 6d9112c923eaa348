import { writeFileSync } from "node:fs";
import { formatEndpoint } from "../../../model/cluster";
import { STEP, nodeAddress } from "../../../model/contract/terraform-address";
import { type TerraformState, containersIn, membersIn } from "../../../model/terraform-state";
import { type StackJson, readStackFile, stackFile } from "../../terraform/stack-file";
import type { Terraform } from "../../terraform/terraform";
import { withSavedPlan } from "../../terraform/with-saved-plan";
import type { CoordinatorAnswer, Declared } from "./situation";

/** What runs before a container goes; both do nothing when they are created. */
const SAFETY = [STEP.membership, STEP.guard];

/**
 * Nodes whose containers Terraform's state has, and no membership. A worker among them that is deleted from the environment is
 * destroyed undrained.
 */
function withoutMembership(state: TerraformState, { containers }: Declared): string[] {
  const members = membersIn(state);
  const present = containersIn(state).map(({ id }) => id);
  return containers
    .map(({ node }) => node)
    .filter((node) => present.includes(node) && !members.includes(node));
}

/** Those of them that may hold data: whom the coordinator has registered, or all where nobody can say it. */
export function membershipsToRestore(
  state: TerraformState,
  declared: Declared,
  coordinator: CoordinatorAnswer,
): string[] {
  if (coordinator.kind === "empty") return [];
  return withoutMembership(state, declared).filter((node) => {
    if (coordinator.kind !== "answered" || coordinator.recorded.includes(node)) return true;
    const endpoint = declared.containers.find((each) => each.node === node)?.endpoint;
    return endpoint !== undefined && coordinator.registered.includes(formatEndpoint(endpoint));
  });
}

/**
 * Puts the memberships, and with them the guard, back into the state, or a worker that is dropped in the next deploy would be
 * destroyed undrained. In the configuration they depend on every container, also on one that is missing and that only a deploy
 * makes: for as long as this takes, the stack's file names those that are there.
 *
 * @returns whether every node in the state has its membership now
 */
export async function restoreMemberships(
  terraform: Terraform,
  folder: string,
  declared: Declared,
): Promise<boolean> {
  const state = await terraform.pullState();
  if (withoutMembership(state, declared).length === 0) return true;
  const whole = readStackFile(folder);
  writeStack(folder, narrowToPresent(whole, state, declared));
  try {
    return await withSavedPlan(async (saved) => {
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

/** The stack with the steps of those nodes alone whose containers are in the state. Who is a member already stays one. */
export function narrowToPresent(stack: StackJson, state: TerraformState, declared: Declared): StackJson {
  const present = containersIn(state).map(({ id }) => id);
  const ids = new Set([...membersIn(state), ...withoutMembership(state, declared)]);
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
