import type { Drift } from "../../observe/drift/drift";
import type { DriftFacts } from "../../observe/drift/find-drift";

/** The differences for a script, as schemas/drift.json has them. */
export function describeDrift(drifts: readonly Drift[], facts: DriftFacts): object {
  const { cluster, plan, hosts, servers } = facts;
  return {
    environment: cluster.environment,
    cluster: cluster.name,
    drift: drifts.length > 0,
    looked: {
      terraform: !("unknown" in plan),
      hosts: hosts.map((each) => ({ host: each.host.id, asked: !("unknown" in each) })),
      servers: !("unknown" in servers),
    },
    differences: drifts.map(({ code, severity, where, what, declared, found, remedy }) => ({
      ...{ code, severity, where, what, declared: declared ?? null, found: found ?? null, remedy },
    })),
  };
}
