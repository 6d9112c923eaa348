import { describe, expect, it } from "vitest";
import {
  DEFAULT_SSH_OPTIONS,
  bindAddress,
  describeCluster,
  formatEndpoint,
  majorOfImage,
  subnetOf,
} from "../../model/cluster";
import type { Environment } from "../../model/environment";
import { production } from "../../environments/production";
import { clusterOf, maximal, minimal, server } from "./samples";

/** `id endpoint published` of every node. */
function nodeList(environment: Environment): string[] {
  return describeCluster(environment).nodes.map(({ id, endpoint, published }) =>
    [id, formatEndpoint(endpoint), published === undefined ? "-" : `${published.ip}:${published.port}`].join(
      " ",
    ),
  );
}

describe("defaults", () => {
  it("are those of a protected cluster called citus", () => {
    expect(describeCluster({ ...minimal, workers: { here: 1 } })).toEqual({
      environment: "dev",
      name: "citus",
      user: "postgres",
      database: "postgres",
      protected: true,
      ephemeral: false,
      rollout: "refuse",
      rebalance: "manual",
      hosts: [
        { id: "here", connection: "unix:///var/run/docker.sock", sshOptions: [...DEFAULT_SSH_OPTIONS] },
      ],
      nodes: [
        {
          id: "here/coordinator",
          host: "here",
          name: "coordinator",
          role: "coordinator",
          container: "citus-coordinator",
          endpoint: { host: "citus-coordinator", port: 5432 },
          published: { ip: "127.0.0.1", port: 5432 },
          image: "citusdata/citus:13.0.3",
          postgresMajor: 17,
          settings: { shared_preload_libraries: "citus", wal_level: "logical", max_worker_processes: "16" },
        },
        {
          id: "here/worker1",
          host: "here",
          name: "worker1",
          role: "worker",
          container: "citus-worker1",
          endpoint: { host: "citus-worker1", port: 5432 },
          image: "citusdata/citus:13.0.3",
          postgresMajor: 17,
          settings: { shared_preload_libraries: "citus", wal_level: "logical", max_worker_processes: "16" },
        },
      ],
    });
  });

  it("of an ephemeral cluster let it be destroyed and replaced", () => {
    const { protected: kept, rollout } = describeCluster({ ...minimal, ephemeral: true });
    expect({ kept, rollout }).toEqual({ kept: false, rollout: "all-at-once" });
  });

  it("yield to what the environment says, and the environment's to the node's", () => {
    const { nodes, hosts, ...options } = describeCluster(maximal);
    expect(options).toEqual({
      environment: "everything",
      name: "orders",
      user: "admin",
      database: "orders-db",
      protected: true,
      ephemeral: false,
      rollout: "refuse",
      rebalance: "after-adding",
    });
    expect(hosts[0]?.sshOptions).toEqual(["-o", "ConnectTimeout=5"]);
    expect(hosts[1]?.tls).toBe("docker");
    const olap = nodes.find(({ name }) => name === "olap");
    expect(olap).toMatchObject({ container: "orders-olap", memory: 8192, cpus: 0.5, postgresMajor: 16 });
    expect(olap?.settings).toEqual({
      shared_preload_libraries: "citus,pg_stat_statements",
      wal_level: "logical",
      max_worker_processes: "16",
      shared_buffers: "512MB",
      "citus.shard_count": "64",
      jit: "off",
    });
    expect(nodes.find(({ name }) => name === "worker2")).toMatchObject({ memory: 2048, cpus: 1.5 });
  });

  it("never put a secret or an undefined into cluster.json", () => {
    const cluster = describeCluster(maximal);
    expect(JSON.parse(JSON.stringify(cluster))).toEqual(cluster);
  });
});

describe("the guide's production topology", () => {
  it("registers three host names, the last with two ports", () => {
    expect(nodeList(production)).toEqual([
      "server-a/coordinator server-a.example.com:5432 192.168.1.10:5432",
      "server-b/worker1 server-b.example.com:5432 192.168.1.11:5432",
      "server-c/worker1 server-c.example.com:5432 192.168.1.12:5432",
      "server-d/worker1 server-d.example.com:5432 192.168.1.13:5432",
      "server-d/worker2 server-d.example.com:5433 192.168.1.13:5433",
    ]);
  });
});

describe("ports", () => {
  it("follow the worker's number and not its place: worker2 keeps its own when worker1 leaves", () => {
    expect(nodeList(clusterOf({ b: { worker2: {} } }))).toContain("b/worker2 10.0.0.2:5433 10.0.0.2:5433");
    expect(nodeList(clusterOf({ b: 2 }))).toContain("b/worker2 10.0.0.2:5433 10.0.0.2:5433");
  });

  it("start one above the coordinator's on its own server", () => {
    expect(nodeList(clusterOf({ a: 2 }))).toEqual([
      "a/coordinator 10.0.0.1:5432 10.0.0.1:5432",
      "a/worker1 10.0.0.1:5433 10.0.0.1:5433",
      "a/worker2 10.0.0.1:5434 10.0.0.1:5434",
    ]);
    expect(nodeList(clusterOf({ a: 1 }, { coordinator: { host: "a", port: 6000 } }))).toContain(
      "a/worker1 10.0.0.1:6001 10.0.0.1:6001",
    );
  });

  it("are given for workers of other names", () => {
    expect(nodeList(clusterOf({ b: { olap: { port: 7000 } } }))).toContain(
      "b/olap 10.0.0.2:7000 10.0.0.2:7000",
    );
  });

  it("of nodes without an address are PostgreSQL's own, by container name; only the coordinator is published", () => {
    expect(
      nodeList({ ...minimal, coordinator: { host: "here", port: 15432 }, workers: { here: 2 } }),
    ).toEqual([
      "here/coordinator citus-coordinator:5432 127.0.0.1:15432",
      "here/worker1 citus-worker1:5432 -",
      "here/worker2 citus-worker2:5432 -",
    ]);
  });
});

describe("bindAddress", () => {
  it.each([
    ["its own", { bindAddress: "10.0.0.9", address: "name.internal" }, "10.0.0.9"],
    ["the address where that is an IP", { address: "10.0.0.2" }, "10.0.0.2"],
    ["the address where that is an IPv6", { address: "fd00::2" }, "fd00::2"],
    ["none where the address is a name", { address: "name.internal" }, undefined],
    ["none without an address", {}, undefined],
  ])("is %s", (_, host, expected) => {
    expect(bindAddress({ connection: "ssh://root@x", ...host })).toBe(expected);
  });
});

describe("majorOfImage", () => {
  it.each([
    ["citusdata/citus:12.0.0", 15],
    ["citusdata/citus:12.1.6", 16],
    ["citusdata/citus:13.0.3", 17],
    ["citusdata/citus:13.2.0", 17],
    ["citusdata/citus:14.0.0", 18],
    ["citusdata/citus:13.0.3-pg16", 16],
    ["citusdata/citus:13.0.3-alpine", 17],
    ["citusdata/citus:13.0.3-pg16-alpine", 16],
    ["docker.io/citusdata/citus:13.0.3", 17],
    ["registry.example.com:5000/citusdata/citus:13.0.3@sha256:ab", 17],
    ["citusdata/citus:11.3.1", undefined],
    ["citusdata/citus:13", undefined],
    ["citusdata/citus:latest", undefined],
    ["citusdata/citus", undefined],
    ["notcitusdata/citus:13.0.3", undefined],
    ["postgres:17.2", undefined],
    ["", undefined],
  ])("%s: %s", (image, major) => {
    expect(majorOfImage(image)).toBe(major);
  });
});

describe("subnetOf", () => {
  it("is the host's own where it says one", () => {
    expect(subnetOf("citus", server(1, { subnet: "10.99.0.0/24" }))).toBe("10.99.0.0/24");
  });

  it("stays what it was: a change replaces the network with every container", () => {
    expect(subnetOf("citus", server(1))).toBe("10.213.236.0/24");
  });

  it("is a /24 of 10.213.0.0/16 by the cluster's name, the same on every host", () => {
    const subnets = ["citus", "orders", "a", "z".repeat(40)].map((cluster) => subnetOf(cluster, server(1)));
    for (const subnet of subnets) {
      const [, third] = /^10\.213\.(\d+)\.0\/24$/.exec(subnet) ?? [];
      expect(Number(third)).toBeLessThan(256);
    }
    expect(new Set(subnets).size).toBe(4);
    expect(subnetOf("orders", server(2))).toBe(subnetOf("orders", server(1)));
  });
});

describe("formatEndpoint", () => {
  it("brackets an IPv6 address", () => {
    expect(formatEndpoint({ host: "fd00::2", port: 5432 })).toBe("[fd00::2]:5432");
    expect(formatEndpoint({ host: "b.internal", port: 5433 })).toBe("b.internal:5433");
  });
});
