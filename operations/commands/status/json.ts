import { untriedNames } from "../../cluster/roles/explain-role";
import { judgeRole } from "../../cluster/roles/judge-roles";
import { type Finding, isHealthy } from "../../observe/status/finding";
import type { Snapshot, SnapshotNode } from "../../observe/status/snapshot";

/** The snapshot and its findings for a script (schemas/status.json). Sizes are bytes, durations seconds. */
export function statusJson(snapshot: Snapshot, findings: readonly Finding[]): object {
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

export function describeProblems(findings: readonly Finding[]): object[] {
  return findings.map(({ severity, check, node, what, remedy }) => ({
    severity,
    check,
    node: node ?? null,
    what,
    remedy,
  }));
}

/** What the JSON of the commands on a snapshot begins with. */
export function describeTarget({ at, label, environment, otherDatabase, cluster, way }: Snapshot): object {
  return {
    at: at.toISOString(),
    target: label,
    environment: environment ?? otherDatabase?.environment ?? null,
    otherDatabase: otherDatabase?.database ?? null,
    cluster: cluster ?? null,
    way,
  };
}

export function describeNode(node: SnapshotNode): object {
  const { label, role, endpoint, host, declared, registered, recorded, shards, shardGroups, failed } = node;
  return {
    node: label,
    role,
    server: host ?? null,
    endpoint,
    declared: declared ?? null,
    registered:
      registered === undefined
        ? null
        : {
            nodeId: registered.nodeid,
            groupId: registered.groupid,
            active: registered.isactive,
            hasMetadata: registered.hasmetadata,
            metadataSynced: registered.metadatasynced,
            shouldHaveShards: registered.shouldhaveshards,
          },
    leavingSince: recorded?.leaving?.toISOString() ?? null,
    shards,
    shardGroups,
    reachable: failed === undefined,
    state: describeState(node),
  };
}

/** Without the certificate itself, and what only the checks need. */
function describeState({ state }: SnapshotNode): object | null {
  if (state === undefined) return null;
  return {
    citus: state.citus,
    extension: state.extension,
    postgres: state.postgres,
    serverId: state.server_id,
    uptime: state.uptime,
    inRecovery: state.in_recovery,
    readOnly: state.read_only,
    walLevel: state.wal_level,
    connections: state.connections,
    bytes: state.bytes,
    disk: state.disk,
    preparedTransactions: state.prepared.length,
    replicationSlots: state.slots.length,
  };
}
