import { explainRoles, explainUntried } from "../../../cluster/roles/explain-role";
import { type Finding, failed, ok, skipped, warning } from "../finding";
import type { Inspection } from "../inspection";

/** Whether the nodes can connect to each other as every role that uses distributed tables, and as their owners. */
export function checkRoles({ cluster, roles }: Inspection): Finding[] {
  if (roles === undefined) return [];
  const place = { check: "roles", where: cluster.environment };
  const explained = explainRoles(roles, cluster);
  const untried = explainUntried(roles, cluster);
  const findings = explained.map(({ owner, queries, what, remedy }) =>
    (owner && queries ? failed : warning)(place, what, remedy),
  );
  if (untried !== undefined) return [...findings, skipped(place, untried.what, untried.remedy)];
  if (findings.length > 0) return findings;
  const count = roles.roles.length;
  return [
    ok(
      place,
      count === 0
        ? "only the superuser uses distributed tables"
        : `nodes connect to each other as ${count === 1 ? "the role" : `all ${count} roles`} with distributed tables`,
    ),
  ];
}
