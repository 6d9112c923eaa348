import type { DockerHostOptions, Environment, WorkerOptions } from "../../model/environment";

/** The least that an environment needs: one Docker host, a coordinator. */
export const minimal: Environment = {
  name: "dev",
  hosts: { here: { connection: "unix:///var/run/docker.sock" } },
  coordinator: { host: "here" },
};

/** A Docker host with a private address, `10.0.0.<number>`. */
export function server(number: number, more: Partial<DockerHostOptions> = {}): DockerHostOptions {
  return { connection: `ssh://root@10.0.0.${number}`, address: `10.0.0.${number}`, ...more };
}

/** A coordinator on server `a` (10.0.0.1) and workers on the servers `b` (10.0.0.2), `c` (10.0.0.3), ... */
export function clusterOf(
  workers: Readonly<Record<string, number | Readonly<Record<string, WorkerOptions>>>>,
  more: Partial<Environment> = {},
): Environment {
  const ids = ["a", ...Object.keys(workers).filter((id) => id !== "a")];
  return {
    name: "staging",
    hosts: Object.fromEntries(ids.map((id) => [id, server(id.charCodeAt(0) - "a".charCodeAt(0) + 1)])),
    coordinator: { host: "a" },
    workers,
    ...more,
  };
}

/** Every field of every kind, all of them right. */
export const maximal: Environment = {
  name: "everything",
  cluster: "orders",
  hosts: {
    a: {
      connection: "ssh://deploy@a.example.com:2222",
      sshOptions: ["-o", "ConnectTimeout=5"],
      address: "a.internal",
      bindAddress: "10.0.0.1",
      extraHosts: { "a.internal": "10.0.0.1", "b.internal": "10.0.0.2" },
      dns: ["10.0.0.53", "fd00::53"],
      subnet: "10.99.0.0/24",
      dataPath: "/mnt/fast ssd",
    },
    b: { connection: "tcp://10.0.0.2:2376", tls: "docker", address: "10.0.0.2" },
    c: {
      connection: "ssh://deploy@[fd00::3]",
      address: "203.0.113.7",
      bindAddress: "203.0.113.7",
      allowPublicBind: true,
    },
  },
  coordinator: { host: "a", port: 6432, memory: 4096, cpus: 2, settings: { work_mem: "64MB" } },
  workers: {
    a: 1,
    b: { worker2: {}, olap: { port: 7000, memory: 8192, cpus: 0.5, settings: { jit: false } } },
    c: 0,
  },
  image: "registry.example.com:5000/team/citusdata/citus:13.0.3-pg16",
  postgresMajor: 16,
  user: "admin",
  database: "orders-db",
  memory: 2048,
  cpus: 1.5,
  settings: {
    shared_buffers: "512MB",
    shared_preload_libraries: "citus,pg_stat_statements",
    "citus.shard_count": 64,
    wal_level: "logical",
  },
  backend: { type: "s3", config: { bucket: "state", key: "orders.tfstate", use_lockfile: true } },
  protected: true,
  ephemeral: false,
  rollout: "refuse",
  rebalance: "after-adding",
};
