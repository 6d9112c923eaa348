import { lostFiles, otherDatabases, otherLogins, ownThings } from "./checks/holdings";
import { identity, copies } from "./checks/identity";
import { orphans, preparedTransactions, replicationSlots, subscriptions } from "./checks/leftovers";
import { membership } from "./checks/membership";
import { lostRows } from "./checks/lost-row";
import { metadataDrift, missingShards } from "./checks/metadata";
import { reachability } from "./checks/reachability";
import { roles } from "./checks/roles";
import { rebalanceAdvised, rebalanceJobs } from "./checks/rebalance";
import { servers } from "./checks/server";
import { blockedMoves, transactions } from "./checks/transactions";
import { extension, skew } from "./checks/versions";
import type { Check } from "./check";
import { type Fault, SEVERITIES } from "../../base/finding";
import type { Snapshot } from "./snapshot";

/** In this order among findings of the same severity: what may be the cause of others comes first. */
const CHECKS: readonly Check[] = [
  reachability,
  identity,
  copies,
  missingShards,
  lostRows,
  metadataDrift,
  extension,
  lostFiles,
  roles,
  otherLogins,
  servers,
  membership,
  skew,
  preparedTransactions,
  replicationSlots,
  subscriptions,
  orphans,
  rebalanceJobs,
  blockedMoves,
  transactions,
  rebalanceAdvised,
  ownThings,
  otherDatabases,
];

/** Everything that is wrong, worst first. */
export function judge(snapshot: Snapshot): Fault[] {
  return run(CHECKS, snapshot);
}

/** Only whether the nodes are who and what they should be. */
export function judgeNodes(snapshot: Snapshot): Fault[] {
  return run([reachability, identity, copies, membership], snapshot);
}

function run(checks: readonly Check[], snapshot: Snapshot): Fault[] {
  const all = checks.flatMap((check) => check(snapshot));
  // Where another node's server answers, what it holds is that node's.
  const mistaken = new Set(all.flatMap(({ check, node }) => (check === "identity" && node ? [node] : [])));
  const findings = all.filter(({ check, node }) => check !== "own-things" || !mistaken.has(node ?? ""));
  return SEVERITIES.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}
