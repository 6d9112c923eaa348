import type { Snapshot, SnapshotNode } from "./snapshot";

/** What the JSON of the commands on a snapshot begins with. */
export function describeTarget({
  at,
  label,
  environment,
  otherDatabase,
  cluster,
  transport,
}: Snapshot): object {
  return {
    at: at.toISOString(),
    target: label,
    environment: environment ?? otherDatabase?.environment ?? null,
    otherDatabase: otherDatabase?.database ?? null,
    cluster: cluster ?? null,
    way: transport,
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
