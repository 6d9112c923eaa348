import { formatEndpoint } from "../../../environments/cluster";
import { type Check, type Finding, ofEachNode, rebalanceCommand } from "../finding";
import type { Snapshot, SnapshotNode } from "../snapshot";

/** The environment and pg_dist_node name the same nodes, and every one takes part. */
export const membership: Check = ofEachNode((node, snapshot) => [
  ...difference(node, snapshot),
  ...leaving(node, snapshot),
  ...participation(node, snapshot),
]);

function difference(
  { label, role, endpoint, declared, registered, recorded }: SnapshotNode,
  { environment }: Snapshot,
): Finding[] {
  const check = "membership";
  const address = formatEndpoint(endpoint);
  if (registered === undefined) {
    const what =
      role === "coordinator"
        ? "it is not registered as the coordinator: workers can't be added, and can't reach it"
        : `it is in the environment, but not registered (${address})`;
    const remedy =
      environment === undefined
        ? `SELECT citus_set_coordinator_host('${endpoint.host}', ${endpoint.port}) there, by the address that workers reach`
        : registersIt(environment, { label, role });
    return [{ severity: "warning", check, node: label, what, remedy }];
  }
  // Of a node that leaves there is a finding of its own.
  if (declared !== false || recorded?.leaving) return [];
  const what = `it is registered (${address}, node ${registered.nodeid}), but not in the environment`;
  // A deploy drains only what it has recorded as ours.
  const remedy =
    recorded === undefined
      ? `put it into the environment, or \`npx pg-dist remove ${environment} ${address}\` to drain and remove it`
      : `put it into the environment, or \`npx cdktf deploy ${environment}\` to remove it safely`;
  return [{ severity: "warning", check, node: label, what, remedy }];
}

/** A deploy registers only where it changes something: not after `pg-dist remove`, which leaves the container running. */
function registersIt(environment: string, { label, role }: Pick<SnapshotNode, "label" | "role">): string {
  const deploy = `\`npx cdktf deploy ${environment}\``;
  return role === "coordinator"
    ? `${deploy} registers it`
    : `${deploy} registers it, or where that has no changes \`npx pg-dist add ${environment} ${label}\``;
}

function leaving(
  { label, recorded, registered, shards, declared }: SnapshotNode,
  snapshot: Snapshot,
): Finding[] {
  if (!recorded?.leaving || registered === undefined) return [];
  const what = `it is marked as leaving since ${recorded.leaving.toISOString()}, with ${shards} shards left on it`;
  // A deploy lifts it too, but only where it registers: not after a drain that was killed, which changed no configuration.
  const remedy = declared
    ? `\`npx pg-dist add ${snapshot.environment} ${label}\` lifts the mark, as the environment still has it`
    : `\`npx cdktf deploy ${snapshot.environment}\` goes on with the removal; ${rebalanceCommand(snapshot, "watch")} shows moves`;
  return [{ severity: "warning", check: "leaving", node: label, what, remedy }];
}

function participation(
  { label, role, declared, registered, recorded }: SnapshotNode,
  { environment }: Snapshot,
): Finding[] {
  if (registered === undefined) return [];
  const { isactive, hasmetadata, metadatasynced, shouldhaveshards } = registered;
  const { host, port } = registered.endpoint;
  const address = `'${host}', ${port}`;
  const found = (severity: Finding["severity"], check: string, what: string, remedy: string): Finding => ({
    severity,
    check,
    node: label,
    what,
    remedy,
  });
  if (!isactive) {
    const deploy = environment === undefined ? "" : `, or \`npx cdktf deploy ${environment}\``;
    const remedy = `SELECT citus_activate_node(${address}) on the coordinator${deploy}`;
    return [found("broken", "inactive", "it is not active: queries don't use it", remedy)];
  }
  const findings: Finding[] = [];
  if (!hasmetadata && role === "worker") {
    const remedy = `SELECT start_metadata_sync_to_node(${address}) on the coordinator`;
    findings.push(found("warning", "metadata", "it has no metadata: it can't be queried itself", remedy));
  } else if (!metadatasynced) {
    const what = "its metadata is out of sync: DDL and changes of nodes fail until it is again";
    const remedy = `it is retried every minute; at once: SELECT start_metadata_sync_to_node(${address}) on the coordinator`;
    findings.push(found("warning", "metadata", what, remedy));
  }
  if (!shouldhaveshards && role === "worker" && !recorded?.leaving) {
    const what = "it takes no new shards (shouldhaveshards is false), and is not marked as leaving";
    // `add` takes only nodes of the environment.
    const remedy = declared
      ? `after a drain; to keep it: \`npx pg-dist add ${environment} ${label}\``
      : `after a failed drain, or on purpose? SELECT citus_set_node_property(${address}, 'shouldhaveshards', true) on the coordinator`;
    findings.push(found("warning", "shouldhaveshards", what, remedy));
  }
  return findings;
}
