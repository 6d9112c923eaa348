import type { ClusterNode } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import type { Decision, Situation } from "./situation";
import { type Finding, checkIdentity } from "../../cluster/nodes/identity";
import { checkVersion } from "./check-version";
import { checkNewcomer } from "./check-newcomer";
import { sameEndpoint } from "../../cluster/nodes/pg-dist-node";

export interface Decisions {
  readonly decisions: readonly Decision[];
  readonly findings: readonly Finding[];
}

/** Decides for every worker, or says what is wrong with it. Changes nothing. */
export function decideWorkers(situation: Situation): Decisions {
  const decisions: Decision[] = [];
  const findings: Finding[] = [];
  for (const { node, answer } of situation.workers) {
    if ("unknown" in answer) {
      findings.push({ node: node.id, ...answer.unknown, refused: false });
      continue;
    }
    const decision = { ...place(node, situation), facts: answer.facts };
    const found = [
      ...(decision.registered === undefined
        ? checkNewcomer(decision, situation)
        : checkIdentity(decision, decision.registered, situation)),
      ...checkVersion(decision, situation.coordinator),
    ];
    findings.push(...found);
    if (found.length === 0) decisions.push(decision);
  }
  return { decisions, findings: [...findings, ...findTwins(situation)] };
}

/** Where a node stands: by its recorded node id, else by its endpoint. */
function place(node: ClusterNode, { registered, record }: Situation): Omit<Decision, "facts"> {
  const recorded = record.get(node.id);
  const byId = registered.find(({ nodeid }) => nodeid === recorded?.nodeid);
  if (recorded !== undefined && byId !== undefined) {
    const action = sameEndpoint(byId.endpoint, node.endpoint) ? "keep" : "move";
    return { node, action, registered: byId, recorded };
  }
  // The endpoint of a node that itself moves away, or that has another id, is not this node's row.
  const owners = new Set([...record.values()].map(({ nodeid }) => nodeid));
  const byEndpoint = registered.find(
    ({ endpoint, nodeid }) => sameEndpoint(endpoint, node.endpoint) && !owners.has(nodeid),
  );
  return byEndpoint === undefined
    ? { node, action: "add", recorded }
    : { node, action: "adopt", registered: byEndpoint, recorded };
}

/** Citus takes the same server under two names for a deadlock, and a copy of the coordinator for itself. */
function findTwins({ coordinator, workers }: Situation): Finding[] {
  const seen = new Map([[coordinator.server_id, "the coordinator"]]);
  return workers.flatMap(({ node, answer }) => {
    if ("unknown" in answer) return [];
    const other = seen.get(answer.facts.server_id);
    seen.set(answer.facts.server_id, node.id);
    if (other === undefined) return [];
    return [
      {
        node: node.id,
        what: `${formatEndpoint(node.endpoint)} is the same server as ${other}, or runs on a copy of its data directory`,
        remedy:
          "correct the address and port where both lead to one server; a server that has a copy of the other's data must begin " +
          "with an empty volume instead: a worker starts empty",
        refused: true,
      },
    ];
  });
}
