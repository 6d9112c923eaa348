import { type Fault, isHealthy } from "../../base/finding";
import { describeProblems } from "../../cli/findings";
import { untriedNames } from "../../cluster/roles/explain-role";
import { judgeRole } from "../../cluster/roles/judge-roles";
import { describeNode, describeTarget } from "../../observe/status/json";
import type { Snapshot } from "../../observe/status/snapshot";

/** The snapshot and its findings for a script (schemas/status.json). Sizes are bytes, durations seconds. */
export function statusJson(snapshot: Snapshot, findings: readonly Fault[]): object {
  return {
    ...describeTarget(snapshot),
    standIn: snapshot.standIn,
    healthy: isHealthy(findings),
    nodes: snapshot.nodes.map(describeNode),
    problems: describeProblems(findings),
    rebalances: snapshot.jobs,
    orphans: snapshot.orphans.length,
    roles: describeRoles(snapshot),
  };
}

/** Those that need connections between the nodes, and what stands against them. */
function describeRoles({ roles }: Snapshot): object[] {
  if (roles === undefined) return [];
  const untried = new Set(untriedNames(roles));
  return roles.roles.map(({ name, login, owns }) => ({
    role: name,
    login,
    tablesOwned: owns,
    tried: !untried.has(name),
    faults: judgeRole(name, roles.nodes).map(({ cause, nodes }) => ({ cause, nodes })),
  }));
}
