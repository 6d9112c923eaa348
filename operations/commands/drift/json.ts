import type { Judged } from "../../observe/drift/accepted";
import type { Drift } from "../../observe/drift/drift";
import type { DriftFacts } from "../../observe/drift/find-drift";

/** The differences for a script, as schemas/drift.json has them. */
export function describeDrift({ drifts, accepted, stale }: Judged, facts: DriftFacts): object {
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
    differences: drifts.map(describe),
    accepted: accepted.map(({ drift, reasons }) => ({ ...describe(drift), reasons })),
    stale: stale.map(({ code, where, subject, found, reason }) => ({
      ...{ code, where: where ?? null, subject: subject ?? null, found: found ?? null, reason },
    })),
  };
}

function describe({ code, severity, where, subject, what, declared, found, remedy }: Drift): object {
  return {
    ...{ code, severity, where, subject: subject ?? null, what },
    ...{ declared: declared ?? null, found: found ?? null, remedy },
  };
}
