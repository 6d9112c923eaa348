import type { ClusterRoles } from "../../../cluster/roles/ask-roles";
import { explainRoles, explainUntried } from "../../../cluster/roles/explain-role";
import { type Finding, failed, ok, skipped, warning } from "../finding";
import type { Inspection } from "../inspection";

/** Whether the nodes can connect to each other as every role that uses distributed tables, and as their owners. */
export function checkRoles({ cluster, roles: asked }: Inspection): Finding[] {
  if (asked === undefined) return [];
  const roles = amongAnswering(asked);
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

/** What libpq says where no server answers at all; what a server says of a role has other words. */
const UNREACHED =
  /could not translate host name|Connection refused|timeout expired|timed out|No route to host/;

/** Without connections to nodes that don't answer, which other checks name: that they fail says nothing of a role. */
function amongAnswering(asked: ClusterRoles): ClusterRoles {
  const answering = new Set(asked.nodes.map(({ groupid }) => groupid));
  const nodes = asked.nodes.map((node) => ({
    ...node,
    states: node.states.map((state) => ({
      ...state,
      reached: state.reached.filter(
        ({ groupid, said = "" }) => answering.has(groupid) || !UNREACHED.test(said),
      ),
    })),
  }));
  return { ...asked, nodes };
}
