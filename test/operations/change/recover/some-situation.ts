import type {
  Declared,
  FoundContainer,
  HostInventory,
  Situation,
} from "../../../../operations/change/recover/situation";
import type { StateResource } from "../../../../operations/terraform/terraform";
import { LABEL } from "../../../../model/contract/labels";

/** A coordinator on server-a and two workers on server-b, as the stack declares them. */
export const declared: Declared = {
  containers: [
    node("server-a", "coordinator", "coordinator", "10.0.0.1", 5432),
    node("server-b", "worker1", "worker", "10.0.0.2", 5432),
    node("server-b", "worker2", "worker", "10.0.0.2", 5433),
  ],
  volumes: [
    ...volumes("server-a", "coordinator"),
    ...volumes("server-b", "worker1"),
    ...volumes("server-b", "worker2"),
  ],
  networks: [
    { address: "docker_network.server-a", host: "server-a", name: "citus" },
    { address: "docker_network.server-b", host: "server-b", name: "citus" },
  ],
};

function node(host: string, name: string, role: "coordinator" | "worker", address: string, port: number) {
  return {
    address: `docker_container.${host}_${name}`,
    host,
    name: `citus-${name}`,
    node: `${host}/${name}`,
    role,
    endpoint: { host: address, port },
    network: "citus",
    volumes: [`citus-${name}`, `citus-${name}-archive`],
  };
}

function volumes(host: string, name: string) {
  return [
    { address: `docker_volume.${host}_${name}`, host, name: `citus-${name}` },
    { address: `docker_volume.${host}_${name}_archive`, host, name: `citus-${name}-archive` },
  ];
}

/** A healthy container of the cluster, as Docker shows it. */
export function container(id: string, more: Partial<FoundContainer> = {}): FoundContainer {
  const name = `citus-${id.slice(id.indexOf("/") + 1)}`;
  const endpoint = declared.containers.find((each) => each.node === id)?.endpoint;
  return {
    id: `id of ${id}`,
    name,
    labels: {
      [LABEL.cluster]: "citus",
      [LABEL.environment]: "production",
      [LABEL.node]: id,
      [LABEL.endpoint]: endpoint === undefined ? "10.0.0.9:5432" : `${endpoint.host}:${endpoint.port}`,
    },
    status: "running",
    startedAt: "2026-01-01T00:00:00Z",
    healthy: true,
    volumes: [name, `${name}-archive`, "a".repeat(64)],
    networks: ["citus"],
    initialisation: "finished",
    ...more,
  };
}

/** The cluster's network on a host. */
export function network(host: string) {
  return { id: `id of citus on ${host}`, name: "citus", labels: { [LABEL.cluster]: "citus" } };
}

/** Everything that is declared exists and is healthy. */
export const hosts: readonly HostInventory[] = [
  {
    host: "server-a",
    containers: [container("server-a/coordinator")],
    networks: [network("server-a")],
    volumes: ["citus-coordinator", "citus-coordinator-archive"],
  },
  {
    host: "server-b",
    containers: [container("server-b/worker1"), container("server-b/worker2")],
    networks: [network("server-b")],
    volumes: ["citus-worker1", "citus-worker1-archive", "citus-worker2", "citus-worker2-archive"],
  },
];

/** The state of that. */
const state: readonly StateResource[] = [
  ...declared.containers.map(({ address, name, node }) => ({
    ...{ address, name, type: "docker_container", id: `id of ${node}` },
  })),
  ...declared.volumes.map(({ address, name }) => ({ address, name, type: "docker_volume", id: name })),
  ...declared.networks.map(({ address, name, host }) => ({
    ...{ address, name, type: "docker_network", id: network(host).id },
  })),
];

export const answered = {
  kind: "answered",
  registered: ["10.0.0.1:5432", "10.0.0.2:5432", "10.0.0.2:5433"],
  recorded: ["server-a/coordinator", "server-b/worker1", "server-b/worker2"],
  running: [],
} as const;

/** A cluster in which nothing is wrong, but for what is given. */
export function situation(more: Partial<Situation> = {}): Situation {
  return {
    cluster: "citus",
    environment: "production",
    declared,
    state,
    hosts,
    coordinator: answered,
    removeVolumes: [],
    ...more,
  };
}

/** The hosts with server-b's containers replaced. */
export function withWorkers(...containers: FoundContainer[]): HostInventory[] {
  return hosts.map((inventory) => (inventory.host === "server-b" ? { ...inventory, containers } : inventory));
}

export function without(...addresses: string[]): StateResource[] {
  return state.filter(({ address }) => !addresses.includes(address));
}
