import { type Cluster, describeCluster } from "../../../../model/cluster";
import { labelsOf } from "../../../../model/contract/labels";
import type { ContainerJson } from "../../../../operations/docker/engine/containers";
import type { ImageJson } from "../../../../operations/docker/engine/images";
import type { DeclaredContainer } from "../../../../operations/observe/drift/declared-containers";
import type { DriftFacts } from "../../../../operations/observe/drift/find-drift";
import type { HostFacts } from "../../../../operations/observe/drift/read-host";
import type { NodeSettings } from "../../../../operations/observe/drift/read-settings";
import { somePlan } from "../review/some-plan";
import { someSnapshot } from "../status/some-snapshot";

/** The cluster of `someSnapshot`. */
export const CLUSTER: Cluster = describeCluster({
  name: "production",
  hosts: {
    "server-a": { connection: "ssh://deploy@server-a", address: "10.0.0.1" },
    "server-b": { connection: "ssh://deploy@server-b", address: "10.0.0.2" },
    "server-c": { connection: "ssh://deploy@server-c", address: "10.0.0.3" },
  },
  coordinator: { host: "server-a" },
  workers: { "server-b": 1, "server-c": 1 },
  settings: { work_mem: "8MB" },
});

export const IMAGE: ImageJson = {
  Id: "sha256:1111111111111111",
  RepoDigests: ["citusdata/citus@sha256:aaaa"],
  RootFS: { Layers: ["sha256:l1"] },
  Config: { Env: ["PATH=/bin", "PG_MAJOR=17"] },
};

const ENVIRONMENT = {
  POSTGRES_USER: "postgres",
  POSTGRES_DB: "postgres",
  PGDATA: "/var/lib/postgresql/17/docker",
};

function someDeclared(id: string): DeclaredContainer {
  const node = nodeOf(id);
  return {
    ports: [`${node.endpoint.host}:5432->5432`],
    environment: new Map<string, string | undefined>([
      ...Object.entries(ENVIRONMENT),
      ["POSTGRES_PASSWORD", undefined],
    ]),
    hosts: [],
    dns: [],
    labels: labelsOf(CLUSTER, node),
    logOptions: { "max-size": "50m" },
  };
}

/** A node's container as Terraform made it. */
export function someContainer(id: string): ContainerJson {
  const node = nodeOf(id);
  return {
    Id: `container of ${id}`,
    Name: `/${node.container}`,
    Image: IMAGE.Id,
    RestartCount: 0,
    Config: {
      Image: node.image,
      Cmd: [],
      Env: [...Object.entries(ENVIRONMENT), ["POSTGRES_PASSWORD", "an old one"], ["PATH", "/bin"]].map(
        ([name = "", value = ""]) => `${name}=${value}`,
      ),
      Labels: { ...labelsOf(CLUSTER, node), "image.label": "x" },
    },
    State: {
      ...{ Status: "running", Running: true, ExitCode: 0, OOMKilled: false, Error: "" },
      ...{ StartedAt: "2026-01-01T00:00:00Z", FinishedAt: "" },
    },
    HostConfig: {
      Memory: 0,
      NanoCpus: 0,
      PortBindings: { "5432/tcp": [{ HostIp: node.endpoint.host, HostPort: "5432" }] },
      ExtraHosts: null,
      Dns: null,
      LogConfig: { Type: "json-file", Config: { "max-size": "50m", compress: "true" } },
    },
    Mounts: [],
    NetworkSettings: { Networks: { citus: {} } },
  };
}

export function someHost(id: string, more: Partial<HostFacts> = {}): HostFacts {
  const host = CLUSTER.hosts.find((each) => each.id === id);
  if (host === undefined) throw new Error(id);
  const nodes = CLUSTER.nodes.filter((node) => node.host === id);
  return {
    host,
    containers: new Map(nodes.map((node) => [node.container, someContainer(node.id)])),
    down: new Map(),
    silent: new Map(),
    images: new Map([
      [IMAGE.Id, IMAGE],
      ["citusdata/citus:13.0.3", IMAGE],
    ]),
    network: { Id: "n", Name: "citus", Labels: null, IPAM: { Config: [{ Subnet: "10.213.1.0/24" }] } },
    volumes: nodes.map(({ container }) => ({ Name: container, Options: null })),
    ...more,
  };
}

export function someSettings(more: Partial<NodeSettings> = {}): NodeSettings {
  const setting = (name: string, value: string, source: string, type: "integer" | "string" | "enum") => ({
    ...{ name, value, source, type },
    ...{ unit: name === "work_mem" ? "kB" : null, context: name === "work_mem" ? "user" : "postmaster" },
    ...{ file: null, pending: false },
  });
  return {
    settings: [
      setting("work_mem", "8192", "command line", "integer"),
      setting("wal_level", "logical", "command line", "enum"),
      setting("shared_preload_libraries", "citus", "command line", "string"),
      setting("max_worker_processes", "16", "command line", "integer"),
      setting("max_connections", "100", "configuration file", "integer"),
      setting("max_prepared_transactions", "200", "override", "integer"),
      setting("max_replication_slots", "10", "default", "integer"),
      setting("max_wal_senders", "10", "default", "integer"),
    ],
    files: [
      { file: `${DATA}/postgresql.conf`, line: 60, name: "listen_addresses", value: "*", error: null },
      { file: `${DATA}/postgresql.conf`, line: 65, name: "max_connections", value: "100", error: null },
      { file: `${DATA}/postgresql.auto.conf`, line: 3, name: "ssl", value: "on", error: null },
    ],
    sample: ["listen_addresses = '*'"],
    roles: [],
    ...more,
  };
}

export const DATA = "/var/lib/postgresql/17/docker";

/** A cluster in which all views are the same. */
export function someFacts(more: Partial<DriftFacts> = {}): DriftFacts {
  const ids = CLUSTER.nodes.map(({ id }) => id);
  return {
    cluster: CLUSTER,
    stack: {
      containers: new Map(ids.map((id) => [id, someDeclared(id)])),
      subnets: new Map(CLUSTER.hosts.map(({ id }) => [id, "10.213.1.0/24"])),
      devices: new Map(),
    },
    plan: somePlan(Object.fromEntries(ids.map((id) => [id, { before: { id: `container of ${id}` } }]))),
    hosts: CLUSTER.hosts.map(({ id }) => someHost(id)),
    servers: {
      snapshot: someSnapshot(),
      secondaries: [],
      settings: new Map(ids.map((id) => [id, someSettings()])),
      doubts: [],
    },
    ...more,
  };
}

function nodeOf(id: string): Cluster["nodes"][number] {
  const node = CLUSTER.nodes.find((each) => each.id === id);
  if (node === undefined) throw new Error(id);
  return node;
}
