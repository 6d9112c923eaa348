import { someCluster } from "../../../fixtures/some-cluster";
import type {
  ContainerInspection,
  HostInspection,
  InsideInspection,
  NodeInspection,
  Inspection,
} from "../../../../operations/observe/doctor/inspection";

/** A coordinator and two workers on one host, all in order. */
export function healthyInspection(): Inspection {
  const cluster = someCluster();
  const [host] = cluster.hosts;
  if (host === undefined) throw new Error("no host");
  return {
    cluster,
    hosts: [
      {
        host,
        images: ["citusdata/citus:13.0.3"],
        containers: cluster.nodes.map(({ container }) => container),
        engine: {
          version: "28.2.2",
          os: "linux",
          architecture: "x86_64",
          dataRoot: "/var/lib/docker",
          skew: 20,
          tolerance: 100,
        },
        system: {
          disks: [{ path: "/var/lib/docker", size: 100e9, free: 50e9 }],
          missing: [],
          listening: [],
          routes: [{ subnet: "192.168.1.0/24", device: "eth0" }],
        },
        presentImages: ["citusdata/citus:13.0.3"],
        published: [],
        network: { id: "0123456789abcdef", subnets: ["10.213.7.0/24"] },
        subnet: "10.213.7.0/24",
      },
    ],
    nodes: cluster.nodes.map((node, index): NodeInspection => ({
      node,
      container: someContainer(),
      inside: {
        names: new Map(cluster.nodes.map(({ endpoint }) => [endpoint.host, "10.213.7.2"])),
        disk: { path: "PGDATA", size: 100e9, free: 50e9 },
        server: {
          postgres: "17.12",
          major: 17,
          in_recovery: false,
          read_only: false,
          extension: "13.0-1",
          connections: 5,
          settings: {
            shared_preload_libraries: "citus",
            wal_level: "logical",
            max_connections: "100",
            max_prepared_transactions: "200",
            max_worker_processes: "16",
            max_wal_senders: "10",
            max_replication_slots: "10",
            cluster_name: `citus ${node.id} ${node.endpoint.host}:5432`,
          },
          prepared: [],
          slots: [],
        },
        citus: {
          groupid: index,
          server_id: `id-${index}`,
          library: "13.0.3",
          wanted: "13.0-1",
          credentials: "stored",
          tables: 0,
        },
        reached: cluster.nodes.map(({ endpoint }, target) => ({
          endpoint,
          serverId: `id-${target}`,
          citus: true,
        })),
      },
    })),
    connection: { by: "direct: 127.0.0.1:5432" },
    registered: {
      nodes: cluster.nodes.map(({ endpoint, role }, index) => ({
        nodeid: index + 1,
        groupid: index,
        noderole: "primary" as const,
        ...endpoint,
        isactive: true,
        metadatasynced: true,
        shouldhaveshards: role === "worker",
        placements: 4,
      })),
      record: cluster.nodes.map(({ id }, index) => ({
        id,
        nodeid: index + 1,
        server_id: `id-${index}`,
        leaving: null,
      })),
      orphans: 0,
      deadOrphans: 0,
      moving: false,
      draining: false,
    },
  };
}

export function someContainer(changes: Partial<ContainerInspection> = {}): ContainerInspection {
  return {
    status: "running",
    image: "citusdata/citus:13.0.3",
    health: "healthy",
    exitCode: 0,
    outOfMemory: false,
    restarts: 0,
    startedAt: "2026-05-01T10:00:00.123456789Z",
    upFor: 3_600_000,
    memory: 0,
    error: "",
    ports: [],
    ...changes,
  };
}

/** The inspection with changes of its host. */
export function withHost(changes: Partial<HostInspection>): Inspection {
  const inspection = healthyInspection();
  return { ...inspection, hosts: inspection.hosts.map((host) => ({ ...host, ...changes })) };
}

/** The inspection with changes of worker1. */
export function withNode(changes: Partial<NodeInspection>): Inspection {
  const inspection = healthyInspection();
  return {
    ...inspection,
    nodes: inspection.nodes.map((node) => (node.node.name === "worker1" ? { ...node, ...changes } : node)),
  };
}

/** The inspection with changes of what was seen inside worker1. */
export function withInside(changes: Partial<InsideInspection>): Inspection {
  return withNode({ inside: { ...insideOf(healthyInspection()), ...changes } });
}

/** What is seen inside worker1. */
export function insideOf({ nodes }: Inspection): InsideInspection {
  const inside = nodes.find(({ node }) => node.name === "worker1")?.inside;
  if (inside === undefined || "unreachable" in inside) throw new Error("worker1 was not seen");
  return inside;
}
