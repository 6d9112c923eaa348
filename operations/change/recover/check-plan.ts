import { type PlanJson, forcedBy } from "../../terraform/plan";

/**
 * Why a plan is not only the adoption of the given addresses: each line names a resource. Empty when it is.
 *
 * An adopted container also gets the settings that only the state holds, and is started where it stands still: an
 * update in place. An image can't be imported; creating it looks it up on its server.
 */
export function checkPlan(plan: PlanJson, addresses: readonly string[]): string[] {
  const changes = plan.resource_changes ?? [];
  const missing = addresses.filter(
    (wanted) => !changes.some(({ address, change }) => address === wanted && change.importing !== undefined),
  );
  return [
    ...changes.flatMap(({ address, type, change }) => {
      const actions = change.actions.join(" and ");
      if (actions === "no-op" || actions === "read") return [];
      if (actions === "update" && change.importing !== undefined) return [];
      if (actions === "create" && type === "docker_image") return [];
      const names = forcedBy({ change });
      const because = names.length === 0 ? "" : ` (its ${names.join(", ")} differ from the configuration)`;
      return [`${address}: would ${actions}${because}`];
    }),
    ...missing.map((address) => `${address}: would not be imported`),
  ];
}
