import { type Endpoint, formatEndpoint } from "../../../../model/cluster";
import { type Check, ofEachNode, placeOf } from "../check";
import type { Fault } from "../../../base/finding";
import { hasLostMetadata } from "./identity";
import { hasLostRow } from "./lost-row";
import { movesRun } from "../moves";
import type { Snapshot, SnapshotNode } from "../snapshot";
import { type Remedy, advise, commandIn, deployOf } from "../../../base/remedy";
import { inactiveRemedy, unsyncedRemedy } from "../../../cluster/nodes/remedies";

/** The environment and pg_dist_node name the same nodes, and every one takes part. */
export const membership: Check = ofEachNode((node, snapshot) => [
  // What would register them is refused then, and must be.
  ...(snapshot.nodes.some(hasLostMetadata) || hasLostRow(snapshot, node.label)
    ? []
    : difference(node, snapshot)),
  ...leaving(node, snapshot),
  ...participation(node, snapshot),
]);

function difference(
  { label, role, endpoint, declared, movesTo, registered, recorded }: SnapshotNode,
  { environment }: Snapshot,
): Fault[] {
  const check = "membership";
  const address = formatEndpoint(endpoint);
  if (registered === undefined) {
    const what =
      role === "coordinator"
        ? "it is not registered as the coordinator: workers can't be added, and can't reach it"
        : `it is in the environment, but not registered (${address})`;
    // A deploy registers only where it changes something, and a coordinator that is up is no change.
    const remedy =
      environment === undefined || role === "coordinator"
        ? coordinatorHostRemedy(endpoint)
        : registrationRemedy(environment, label);
    return [{ severity: "warning", check, node: label, what, remedy }];
  }
  if (environment !== undefined && movesTo !== undefined) {
    const what = `it is registered at ${address}, and the environment has it at ${formatEndpoint(movesTo)}`;
    const remedy =
      role === "coordinator" ? coordinatorHostRemedy(movesTo) : registrationRemedy(environment, label);
    return [{ severity: "warning", check, node: label, what, remedy }];
  }
  // Of a node that leaves there is a finding of its own.
  if (environment === undefined || declared !== false || recorded?.leaving) return [];
  const what = `it is registered (${address}, node ${registered.nodeid}), but not in the environment`;
  // A deploy drains only what it has recorded as ours.
  const remedy =
    recorded === undefined
      ? advise`put it into the environment, or ${commandIn({ environment }, "remove", address)} to drain and remove it`
      : advise`put it into the environment; or ${deployOf(environment)} removes it safely, or where that has no changes ${commandIn({ environment }, "remove", label)}`;
  return [{ severity: "warning", check, node: label, what, remedy }];
}

function coordinatorHostRemedy({ host, port }: Endpoint): Remedy {
  return `SELECT citus_set_coordinator_host('${host}', ${port}) there, by the address that workers reach`;
}

/** A deploy registers only where it changes something: not after `pg-dist remove`, which leaves the container running. */
function registrationRemedy(environment: string, label: string): Remedy {
  return advise`${deployOf(environment)} registers it, or where that has no changes ${commandIn({ environment }, "add", label)}`;
}

function leaving(
  { label, recorded, registered, shards, declared }: SnapshotNode,
  snapshot: Snapshot,
): Fault[] {
  if (!recorded?.leaving || registered === undefined) return [];
  const marked = `marked as leaving since ${recorded.leaving.toISOString()}, with ${shards} shards left on it`;
  const found = { check: "leaving", node: label };
  if (snapshot.draining) {
    // To lift its mark now would let shards go back onto it while others still leave it.
    const remedy = advise`wait for it: it lifts the mark by itself if it fails; ${commandIn(placeOf(snapshot), "activity")} shows it`;
    return [{ ...found, severity: "advice", what: `it is being drained or removed: ${marked}`, remedy }];
  }
  const remedy = marksRemedy(label, declared, snapshot);
  return [{ ...found, severity: "warning", what: `it is ${marked}`, remedy }];
}

/** Of a mark that a killed run left, or one that waits to be tried again. */
function marksRemedy(
  label: string,
  declared: boolean | undefined,
  { environment, otherDatabase }: Snapshot,
): Remedy {
  if (otherDatabase !== undefined) {
    return advise`${commandIn(otherDatabase, "remove", label)} goes on with the removal; to keep it: SELECT
        citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true) FROM pg_dist_node JOIN pgdist.node USING
        (nodeid) WHERE id = '${label}', and UPDATE pgdist.node SET leaving = NULL WHERE id = '${label}', in that database`;
  }
  if (environment === undefined) {
    return (
      "in the project of its environment: a deploy goes on with a removal, and its command add lifts the mark of a worker that " +
      "stays"
    );
  }
  // A deploy lifts it too, but only where it registers: not after a drain that was killed, which changed no configuration.
  return declared
    ? advise`${commandIn({ environment }, "add", label)} lifts the mark, as the environment still has it`
    : advise`${deployOf(environment)} goes on with the removal, or where that has no changes ${commandIn({ environment }, "remove", label)}`;
}

function participation(
  { label, role, declared, registered, recorded, shards }: SnapshotNode,
  snapshot: Snapshot,
): Fault[] {
  if (registered === undefined) return [];
  const { environment } = snapshot;
  const { isactive, hasmetadata, metadatasynced, shouldhaveshards } = registered;
  const { host, port } = registered.endpoint;
  const address = `'${host}', ${port}`;
  const found = (severity: Fault["severity"], check: string, what: string, remedy: Remedy): Fault => ({
    severity,
    check,
    node: label,
    what,
    remedy,
  });
  if (!isactive) {
    // A deploy sees no change in it.
    const add =
      declared === true && environment !== undefined
        ? advise`, or ${commandIn({ environment }, "add", label)}`
        : "";
    const remedy = advise`${inactiveRemedy(registered.endpoint)}${add}`;
    return [found("broken", "inactive", "it is not active: queries don't use it", remedy)];
  }
  const findings: Fault[] = [];
  if (!hasmetadata && role === "worker") {
    const remedy = `SELECT start_metadata_sync_to_node(${address}) on the coordinator`;
    findings.push(found("warning", "metadata", "it has no metadata: it can't be queried itself", remedy));
  } else if (!metadatasynced) {
    const what = "its metadata is out of sync: DDL and changes of nodes fail until it is again";
    const remedy = unsyncedRemedy(registered.endpoint);
    findings.push(found("warning", "metadata", what, remedy));
  }
  if (!shouldhaveshards && role === "worker" && !recorded?.leaving) {
    // A drain by hand, or of a worker that was added by hand, leaves no mark; and a rebalance empties such a worker.
    if (shards > 0 && movesRun(snapshot)) {
      const what = `it takes no new shards (shouldhaveshards is false), and shards move: ${shards} are left on it`;
      return [...findings, found("advice", "shouldhaveshards", what, "wait until the moves have ended")];
    }
    const what = "it takes no new shards (shouldhaveshards is false), and is not marked as leaving";
    // `add` takes only nodes of the environment.
    const remedy =
      declared === true && environment !== undefined
        ? advise`after a drain; to keep it: ${commandIn({ environment }, "add", label)}`
        : `after a failed drain, or on purpose? SELECT citus_set_node_property(${address}, 'shouldhaveshards', true) on the coordinator`;
    findings.push(found("warning", "shouldhaveshards", what, remedy));
  }
  return findings;
}
