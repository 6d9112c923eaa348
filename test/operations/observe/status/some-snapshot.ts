import type { NodeState } from "../../../../operations/cluster/nodes/node-state";
import type { Snapshot, SnapshotNode } from "../../../../operations/observe/status/snapshot";

type StateChanges = Partial<NodeState>;
export type NodeChanges = Partial<Omit<SnapshotNode, "state" | "registered" | "recorded">> & {
  readonly state?: StateChanges | null;
  readonly registered?: Partial<NonNullable<SnapshotNode["registered"]>> | null;
  readonly recorded?: Partial<NonNullable<SnapshotNode["recorded"]>>;
};

const AT = new Date("2026-03-01T12:00:00Z");

/** A healthy cluster of a coordinator and two workers; the changes are to its nodes, by name. */
export function someSnapshot(
  changes: Readonly<Record<string, NodeChanges>> = {},
  whole: Partial<Snapshot> = {},
): Snapshot {
  return {
    at: AT,
    environment: "production",
    cluster: "citus",
    label: "production",
    database: "postgres",
    transport: "direct: 10.0.0.1:5432",
    standIn: false,
    nodes: [
      someNode("server-a/coordinator", 0, changes["coordinator"]),
      someNode("server-b/worker1", 1, changes["worker1"]),
      someNode("server-c/worker1", 2, changes["worker2"]),
    ],
    orphans: [],
    jobs: [],
    moving: false,
    draining: false,
    movers: [],
    ...whole,
  };
}

function someNode(label: string, groupid: number, changes: NodeChanges = {}): SnapshotNode {
  const endpoint = { host: `10.0.0.${groupid + 1}`, port: 5432 };
  const { state, registered, recorded, ...rest } = changes;
  return {
    label,
    role: groupid === 0 ? "coordinator" : "worker",
    endpoint,
    host: label.split("/")[0],
    declared: true,
    shards: groupid === 0 ? 0 : 16,
    shardGroups: groupid === 0 ? 0 : 16,
    registered:
      registered === null
        ? undefined
        : {
            nodeid: groupid + 1,
            groupid,
            noderole: "primary",
            endpoint,
            isactive: true,
            metadatasynced: true,
            hasmetadata: true,
            shouldhaveshards: groupid > 0,
            ...registered,
          },
    recorded: {
      id: label,
      nodeid: groupid + 1,
      groupid,
      host: endpoint.host,
      port: 5432,
      server_id: `id-${groupid}`,
      image: "citusdata/citus:13.0.3",
      settings: {},
      cpus: null,
      leaving: null,
      recorded_at: new Date("2026-02-01T12:00:00Z"),
      ...recorded,
    },
    state: state === null ? undefined : { ...someState(label, groupid), ...state },
    ...rest,
  };
}

function someState(label: string, groupid: number): NodeState {
  return {
    groupid,
    server_id: `id-${groupid}`,
    citus: "13.0.3",
    extension: "13.0-1",
    postgres: "17.2",
    cluster_name: `citus ${label} 10.0.0.${groupid + 1}:5432`,
    wal_level: "logical",
    in_recovery: false,
    read_only: false,
    uptime: 3 * 86_400,
    connections: { used: 12, max: 100, reserved: 3 },
    bytes: 50 * 1024 ** 2,
    disk: { available: 80 * 1024 ** 3, total: 100 * 1024 ** 3, forRoot: false },
    prepared: [],
    slots: [],
    subscriptions: [],
    long: [],
    waits: [],
    certificate: null,
    node_conninfo: "sslmode=require",
    archive_failure: null,
    xid_age: 1000,
    table_count: 0,
    missing_shards: [],
    missing_count: 0,
    metadata_digest: "d",
  };
}

/** A rebalance of eight moves, two of them made. */
export function someJob(state: string): Snapshot["jobs"][number] {
  return { id: 3, state, tasks: 8, done: 2, error: null, retries: 0 };
}
