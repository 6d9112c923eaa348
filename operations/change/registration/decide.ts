import type { ClusterNode } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import type { Decision, Situation } from "./situation";
import { type Objection, checkIdentity } from "../../cluster/nodes/identity";
import { checkVersion } from "./check-version";
import { checkNewcomer } from "./check-newcomer";
import { viewNodes } from "../../cluster/nodes/view";

export interface Decisions {
  readonly decisions: readonly Decision[];
  readonly findings: readonly Objection[];
}

/** Decides for every worker, or says what is wrong with it. Changes nothing. */
export function decideWorkers(situation: Situation): Decisions {
  const decisions: Decision[] = [];
  const findings: Objection[] = [];
  const place = placesOf(situation);
  for (const { node, answer } of situation.workers) {
    if ("unknown" in answer) {
      findings.push({ node: node.id, ...answer.unknown, refused: false });
      continue;
    }
    const decision = { ...place(node), facts: answer.facts };
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

/** Where a node stands. What was recorded under another node id than it has by now counts as well: it is the same server. */
function placesOf({ cluster, workers, registered, record, said }: Situation) {
  const nodes = workers.map(({ node }) => node);
  const view = viewNodes({ cluster: { name: cluster, nodes }, registered, record }, said);
  return (node: ClusterNode): Omit<Decision, "facts"> => {
    const found = view.find(({ id }) => id === node.id);
    const recorded = record.get(node.id);
    if (found?.registered === undefined) return { node, action: "add", recorded };
    const known = { node, registered: found.registered, recorded };
    if (found.movesTo !== undefined) return { ...known, action: "change-endpoint" };
    return { ...known, action: found.knownBy === "record" ? "keep" : "adopt" };
  };
}

/** Citus takes the same server under two names for a deadlock, and a copy of the coordinator for itself. */
function findTwins({ coordinator, workers }: Situation): Objection[] {
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
