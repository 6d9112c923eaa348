import { isIP } from "node:net";
import type {
  CoordinatorOptions,
  DockerHostOptions,
  Environment,
  NodeOptions,
  Settings,
  WorkerOptions,
} from "./environment";

/**
 * An environment with every default filled in, and nothing that only a person or only Terraform needs. Plain JSON
 * without a secret: it is written beside the stack as `cluster.json` for the program that registers the nodes.
 */
export interface Cluster {
  readonly environment: string;
  readonly name: string;
  readonly user: string;
  readonly database: string;
  /** The environment's own database, where a command was told to work in another one; never in `cluster.json`. */
  readonly homeDatabase?: string;
  readonly protected: boolean;
  readonly ephemeral: boolean;
  readonly rollout: "refuse" | "all-at-once";
  readonly rebalance: "manual" | "after-adding";
  /** Absent where the environment names none. */
  readonly roles?: readonly string[];
  /** Ids of nodes of which may be lost what only they hold; absent where there are none. */
  readonly discard?: readonly string[];
  readonly hosts: readonly ClusterHost[];
  /** The coordinator first, then the workers in the environment's order. */
  readonly nodes: readonly ClusterNode[];
}

/** How to reach a Docker host. */
export interface ClusterHost {
  readonly id: string;
  readonly connection: string;
  readonly sshOptions: readonly string[];
  readonly tls?: string;
}

/** One PostgreSQL server of the cluster in its container. */
export interface ClusterNode {
  /** `<host>/<name>`, e.g. `server-d/worker1`: its identity in Terraform, in its volume and in `pgdist.node`. */
  readonly id: string;
  readonly host: string;
  readonly name: string;
  readonly role: "coordinator" | "worker";
  /** Name of the container and of its volume. */
  readonly container: string;
  /** As registered in pg_dist_node: what every other node dials. */
  readonly endpoint: Endpoint;
  /** Where the engine publishes the node's port; absent where only the Docker network reaches it. */
  readonly published?: { readonly ip: string; readonly port: number };
  readonly image: string;
  readonly postgresMajor: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly memory?: number;
  readonly cpus?: number;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What all nodes of a cluster have in common: the environment without its hosts and nodes. */
export type ClusterOptions = Omit<
  Environment,
  "name" | "hosts" | "coordinator" | "workers" | "backend" | "acceptedDrift" | "firewall"
> & {
  /** Name of the environment. */
  readonly environment: string;
};

export const DEFAULT_IMAGE = "citusdata/citus:13.0.3";

/** Workers of one Docker host; far above what a server carries, it only keeps a slip of the finger small. */
export const MOST_WORKERS = 1000;

/**
 * Of a node's command line: where its port is published, if that isn't its endpoint. Nothing to PostgreSQL, which takes any
 * setting with a dot; the provider reads a command back, and of a stopped container no ports.
 */
export const PUBLISHED_SETTING = "pgdist.published";

/** PostgreSQL's own port, inside every container. */
export const POSTGRES_PORT = 5432;

/**
 * No prompt may ever hang an apply, a host that went away is noticed within a minute, and no server is taken whose key isn't
 * known, whatever the user's own configuration of ssh says.
 */
export const DEFAULT_SSH_OPTIONS: readonly string[] = [
  ...["-o", "BatchMode=yes"],
  ...["-o", "StrictHostKeyChecking=yes"],
  ...["-o", "ConnectTimeout=10"],
  ...["-o", "ServerAliveInterval=15"],
  ...["-o", "ServerAliveCountMax=3"],
];

/**
 * Citus must be loaded at the start; moving shards online needs logical decoding on the source, and background
 * workers beyond PostgreSQL's 8 (citusdata/citus#7103: a rebalance that never starts).
 */
export const DEFAULT_SETTINGS: Settings = {
  shared_preload_libraries: "citus",
  wal_level: "logical",
  max_worker_processes: 16,
};

export function describeCluster(environment: Environment): Cluster {
  const options: ClusterOptions = { ...environment, environment: environment.name };
  const hosts = environment.hosts;
  const coordinator = describeCoordinator(
    options,
    environment.coordinator.host,
    hosts[environment.coordinator.host] ?? UNKNOWN_HOST,
    environment.coordinator,
  );
  const workers = Object.entries(environment.workers ?? {}).flatMap(([host, entry]) =>
    describeWorkers(options, host, hosts[host] ?? UNKNOWN_HOST, entry, coordinator),
  );
  return {
    ...describeOptions(options),
    hosts: Object.entries(hosts).map(([id, host]) => describeHost(id, host)),
    nodes: [coordinator, ...workers],
  };
}

/** Stands for a host id that isn't there, which validation reports: the rest of the environment is still described. */
const UNKNOWN_HOST: DockerHostOptions = { connection: "", address: "unknown-host.invalid" };

export function describeOptions(options: ClusterOptions): Omit<Cluster, "hosts" | "nodes"> {
  const ephemeral = options.ephemeral ?? false;
  return {
    environment: options.environment,
    name: clusterName(options),
    user: options.user ?? "postgres",
    database: options.database ?? "postgres",
    protected: options.protected ?? !ephemeral,
    ephemeral,
    rollout: options.rollout ?? (ephemeral ? "all-at-once" : "refuse"),
    rebalance: options.rebalance ?? "manual",
    ...(options.roles === undefined || options.roles.length === 0 ? {} : { roles: [...options.roles] }),
    ...(options.discard === undefined || options.discard.length === 0 ? {} : { discard: options.discard }),
  };
}

export function describeHost(id: string, host: DockerHostOptions): ClusterHost {
  return {
    id,
    connection: host.connection,
    sshOptions: host.sshOptions ?? DEFAULT_SSH_OPTIONS,
    ...(host.tls === undefined ? {} : { tls: host.tls }),
  };
}

/** All options of ssh: the host's own first, as the first value of an option counts, and our defaults after them. */
export function sshOptionsOf({ sshOptions }: Pick<ClusterHost, "sshOptions">): readonly string[] {
  return isDefaultSsh(sshOptions) ? sshOptions : [...sshOptions, ...DEFAULT_SSH_OPTIONS];
}

/** Whether the environment says nothing of a host's options. */
export function isDefaultSsh(sshOptions: readonly string[]): boolean {
  return sshOptions.join("\n") === DEFAULT_SSH_OPTIONS.join("\n");
}

export function describeCoordinator(
  options: ClusterOptions,
  hostId: string,
  host: DockerHostOptions,
  coordinator: Omit<CoordinatorOptions, "host">,
): ClusterNode {
  const port = coordinator.port ?? POSTGRES_PORT;
  return {
    ...describeNode(options, hostId, host, "coordinator", port, coordinator),
    role: "coordinator",
    // Clients come in through the coordinator, so it is published even where no other server needs it.
    published: { ip: bindAddress(host) ?? "127.0.0.1", port },
  };
}

export function describeWorkers(
  options: ClusterOptions,
  hostId: string,
  host: DockerHostOptions,
  workers: number | Readonly<Record<string, WorkerOptions>>,
  coordinator: ClusterNode,
): ClusterNode[] {
  const named = typeof workers === "number" ? numberedWorkers(workers) : workers;
  const firstPort =
    coordinator.host === hostId ? (coordinator.published?.port ?? POSTGRES_PORT) + 1 : POSTGRES_PORT;
  return Object.entries(named).map(([name, worker]: [string, WorkerOptions]) => {
    const port = worker.port ?? defaultWorkerPort(name, firstPort);
    const ip = bindAddress(host);
    return {
      ...describeNode(options, hostId, host, name, port, worker),
      role: "worker",
      ...(ip === undefined ? {} : { published: { ip, port } }),
    };
  });
}

export function isWorkerCount(count: number): boolean {
  return Number.isInteger(count) && count >= 0 && count <= MOST_WORKERS;
}

/** None for a count that validation refuses. */
function numberedWorkers(count: number): Record<string, WorkerOptions> {
  const length = isWorkerCount(count) ? count : 0;
  return Object.fromEntries(Array.from({ length }, (_, index) => [`worker${index + 1}`, {}]));
}

/** By the number in the name and not by its place in the list: `worker2` keeps its port when `worker1` leaves. */
function defaultWorkerPort(name: string, firstPort: number): number {
  const number = /^worker([1-9]\d*)$/.exec(name)?.[1];
  return number === undefined ? NaN : firstPort + Number(number) - 1;
}

function describeNode(
  options: ClusterOptions,
  hostId: string,
  host: DockerHostOptions,
  name: string,
  port: number,
  node: NodeOptions,
): Omit<ClusterNode, "role"> {
  const container = `${clusterName(options)}-${name}`;
  const image = options.image ?? DEFAULT_IMAGE;
  const memory = node.memory ?? options.memory;
  const cpus = node.cpus ?? options.cpus;
  return {
    id: `${hostId}/${name}`,
    host: hostId,
    name,
    container,
    endpoint:
      host.address === undefined ? { host: container, port: POSTGRES_PORT } : { host: host.address, port },
    image,
    postgresMajor: options.postgresMajor ?? majorOfImage(image) ?? NaN,
    settings: { ...sharedSettings(options), ...textSettings(node.settings ?? {}) },
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpus }),
  };
}

/**
 * PostgreSQL's major version of a `citusdata/citus` tag: a `-pgNN` suffix, else what the release was built on
 * (the image repository's change log). Undefined for other images and for floating tags.
 */
export function majorOfImage(image: string): number | undefined {
  const tag = /(?:^|\/)citusdata\/citus:([^@]+)/.exec(image)?.[1];
  const version = tag === undefined ? null : /^(\d+)\.(\d+)/.exec(tag);
  if (tag === undefined || version === null) return undefined;
  const suffix = /-pg(\d+)(?:-|$)/.exec(tag)?.[1];
  if (suffix !== undefined) return Number(suffix);
  return { "12.0": 15, "12.1": 16, "13.0": 17, "13.1": 17, "13.2": 17, "14.0": 18, "14.1": 18 }[version[0]];
}

export function clusterName(options: { readonly cluster?: string }): string {
  return options.cluster ?? "citus";
}

/** The IP that a node's port is published on; undefined where the host has no address and workers stay unpublished. */
export function bindAddress(host: DockerHostOptions): string | undefined {
  if (host.bindAddress !== undefined) return host.bindAddress;
  return host.address !== undefined && isIP(host.address) !== 0 ? host.address : undefined;
}

/** Subnet of the cluster's network on a host. By the name, so that two clusters on one server rarely need to choose. */
export function subnetOf(cluster: string, host: DockerHostOptions): string {
  if (host.subnet !== undefined) return host.subnet;
  let hash = 0;
  for (const character of cluster) hash = (hash * 31 + character.charCodeAt(0)) % 256;
  return `10.213.${hash}.0/24`;
}

export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}

/** Start-up settings of every node that has no others. */
export function sharedSettings(options: { readonly settings?: Settings }): Record<string, string> {
  return textSettings({ ...DEFAULT_SETTINGS, ...options.settings });
}

function textSettings(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    // Sorted: an order of their own would replace containers without any effect.
    Object.entries(settings)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, typeof value === "boolean" ? (value ? "on" : "off") : String(value)]),
  );
}
