import { describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { local } from "../../environments/local";
import { production } from "../../environments/production";
import { findConflicts } from "../../model/validation/validation";
import { clusterOf, minimal } from "./samples";

function conflictsOf(...environments: Environment[]): string[] {
  return findConflicts(environments).map((each) => `${each.environment}: ${each.field}: ${each.problem}`);
}

const SOCKET = "unix:///var/run/docker.sock";
const second: Environment = {
  ...minimal,
  name: "second",
  cluster: "second",
  coordinator: { host: "here", port: 6432 },
};

describe("findConflicts", () => {
  it("finds none between the environments that ship, nor between clusters that keep apart on one server", () => {
    expect(conflictsOf(local, production)).toEqual([]);
    expect(conflictsOf(minimal, second)).toEqual([]);
  });

  it("allows one cluster name on different servers", () => {
    expect(conflictsOf(minimal, clusterOf({ b: 1 }))).toEqual([]);
  });

  it("refuses one cluster name at one address, by whatever way its Docker host is reached", () => {
    const own = clusterOf({ b: 1 });
    const at = (connection: string) => ({ connection, address: "10.0.0.1" });
    const other = { ...minimal, hosts: { here: at("ssh://root@bastion:2201") } };
    expect(conflictsOf(own, other)).toEqual([
      expect.stringMatching(
        /^dev: cluster: "citus" with its coordinator at 10\.0\.0\.1:5432 is also environment staging/,
      ),
    ]);
    expect(conflictsOf(own, { ...other, cluster: "dev" })).toEqual([]);
  });

  it("refuses two environments of one name", () => {
    expect(conflictsOf(minimal, { ...clusterOf({ b: 1 }), name: "dev" })).toEqual([
      `dev: name: "dev" is the name of two environments: they would share a stack and a state`,
    ]);
  });

  it("refuses one cluster name on one Docker host, whatever its id is there", () => {
    const other = { ...second, hosts: { there: { connection: SOCKET } }, coordinator: { host: "there" } };
    expect(conflictsOf(minimal, { ...other, cluster: undefined })).toEqual([
      `second: cluster: "citus" is used twice on Docker host ${SOCKET}, shared with environment dev: they would share volumes; give one of them a different cluster name`,
    ]);
  });

  it("refuses overlapping subnets on one Docker host", () => {
    const subnet = "10.213.236.128/25";
    expect(conflictsOf(minimal, { ...second, hosts: { here: { connection: SOCKET, subnet } } })).toEqual([
      `second: hosts.here.subnet: ${subnet} overlaps 10.213.236.0/24 on Docker host ${SOCKET}, shared with environment dev: pin another`,
    ]);
  });

  it("refuses a port that is published twice on one Docker host", () => {
    expect(conflictsOf(minimal, { ...second, coordinator: { host: "here" } })).toEqual([
      `second: coordinator.port: 127.0.0.1:5432 is published by here/coordinator on Docker host ${SOCKET}, shared with environment dev: choose another`,
    ]);
  });

  it("allows one port on two IPs of a Docker host, but beside all interfaces none", () => {
    const published = (bindAddress: string): Environment => ({
      ...second,
      hosts: { here: { connection: SOCKET, bindAddress, allowPublicBind: true } },
      coordinator: { host: "here" },
    });
    const first = { ...minimal, hosts: { here: { connection: SOCKET, bindAddress: "10.0.0.1" } } };
    expect(conflictsOf(first, published("10.0.0.2"))).toEqual([]);
    expect(conflictsOf(first, published("10.0.0.1"))).toHaveLength(1);
    expect(conflictsOf(first, published("0.0.0.0"))).toHaveLength(1);
    expect(conflictsOf(published("0.0.0.0"), { ...first, name: "third" })).toHaveLength(1);
  });

  it("refuses one volume under two names of clusters and workers", () => {
    const on = (name: string, cluster: string, worker: string): Environment => ({
      ...second,
      ...{ name, cluster, workers: { here: { [worker]: {} } } },
      coordinator: { host: "here", port: name === "eu" ? 6000 : 6001 },
    });
    const where = `on Docker host ${SOCKET}, shared with environment eu: choose another name of the worker or cluster`;
    expect(conflictsOf(on("eu", "citus", "eu-worker1"), on("us", "citus-eu", "worker1"))).toEqual([
      `us: workers.here.worker1: its volume citus-eu-worker1 is one of here/eu-worker1 ${where}`,
    ]);
    expect(conflictsOf(on("eu", "citus", "x"), on("us", "citus-x", "archive"))).toEqual([
      `us: workers.here.archive: its volume citus-x-archive is one of here/x ${where}`,
    ]);
  });

  it("compares each with each", () => {
    expect(conflictsOf(minimal, second, { ...minimal, name: "third" })).toHaveLength(1);
    expect(conflictsOf(minimal, minimal, minimal)).toHaveLength(6);
  });
});

describe("two spellings of one Docker host", () => {
  const on = (connection: string): Environment => ({ ...minimal, hosts: { here: { connection } } });

  it.each([
    ["ssh://root@server-a", "ssh://root@server-a:22"],
    ["ssh://root@server-a", "ssh://deploy@server-a"],
    ["ssh://root@server-a", "ssh://root@SERVER-A/"],
    ["ssh://root@[fd00::1]", "ssh://root@[fd00:0::1]"],
    ["tcp://server-a:2376", "tcp://Server-A:2376/"],
    ["unix:///var/run/docker.sock", "unix:///run/docker.sock"],
    ["unix:///var/run/docker.sock", "unix:///var//run/./docker.sock"],
  ])("are one: %s, %s", (one, other) => {
    expect(conflictsOf(on(one), { ...on(other), name: "second" })).toHaveLength(1);
  });

  it.each([
    ["ssh://root@server-a", "ssh://root@server-b"],
    ["ssh://root@server-a", "ssh://root@server-a:2222"],
    ["unix:///run/docker.sock", "unix:///run/user/1000/docker.sock"],
  ])("are two: %s, %s", (one, other) => {
    expect(conflictsOf(on(one), { ...on(other), name: "second" })).toEqual([]);
  });
});

describe("one state for two environments", () => {
  const other = clusterOf({ b: 1 });
  const kept = (backend: Environment["backend"], environment = minimal): Environment => ({
    ...environment,
    backend,
  });

  it.each([
    [
      "one path",
      kept({ type: "local", path: "state/x" }),
      kept({ type: "local", path: "./state//x" }, other),
      "local state/x",
    ],
    [
      "the other's default path",
      minimal,
      kept({ type: "local", path: "state/dev.tfstate" }, other),
      "local state/dev.tfstate",
    ],
    [
      "one workspace",
      kept({ type: "cloud", organization: "acme", workspace: "citus" }),
      kept({ type: "cloud", organization: "acme", workspace: "citus", hostname: "app.terraform.io" }, other),
      "cloud app.terraform.io/acme/citus",
    ],
    [
      "one key of a bucket",
      kept({ type: "s3", config: { bucket: "b", key: "k", region: "eu-north-1" } }),
      kept({ type: "s3", config: { key: "k", use_lockfile: true, bucket: "b" } }, other),
      "s3 bucket=b key=k",
    ],
    [
      "one database",
      kept({ type: "pg", config: { conn_str: "host=db password=not-shown" } }),
      kept({ type: "pg", config: { conn_str: "host=db password=not-shown" } }, other),
      "pg conn_str=...",
    ],
    [
      "one database, of which one says the default schema",
      kept({ type: "pg", config: { conn_str: "host=db" } }),
      kept({ type: "pg", config: { conn_str: "host=db", schema_name: "terraform_remote_state" } }, other),
      "pg conn_str=...",
    ],
    [
      "one namespace of Kubernetes, of which one says that it is the default",
      kept({ type: "kubernetes", config: { secret_suffix: "s" } }),
      kept({ type: "kubernetes", config: { secret_suffix: "s", namespace: "default" } }, other),
      "kubernetes namespace=default secret_suffix=s",
    ],
    [
      "one key of a bucket, of which one says that it is the default",
      kept({ type: "oss", config: { bucket: "b" } }),
      kept({ type: "oss", config: { bucket: "b", prefix: "env:", key: "terraform.tfstate" } }, other),
      "oss bucket=b prefix=env: key=terraform.tfstate",
    ],
    [
      "one key of another bucket, of which one says that it is the default",
      kept({ type: "cos", config: { bucket: "b", key: "terraform.tfstate" } }),
      kept({ type: "cos", config: { bucket: "b" } }, other),
      "cos bucket=b key=terraform.tfstate",
    ],
  ] as const)("is refused: %s", (_, first, later, place) => {
    expect(conflictsOf(first, later)).toEqual([
      `staging: backend: ${place} is where environment dev keeps its state: each needs its own`,
    ]);
  });

  it.each([
    ["another path", minimal, other],
    [
      "another key",
      kept({ type: "s3", config: { bucket: "b", key: "k" } }),
      kept({ type: "s3", config: { bucket: "b", key: "l" } }, other),
    ],
    [
      "another workspace",
      kept({ type: "cloud", organization: "acme", workspace: "a" }),
      kept({ type: "cloud", organization: "acme", workspace: "b" }, other),
    ],
    ...(
      [
        ["kubernetes", "config_path", { secret_suffix: "s" }],
        ["kubernetes", "config_context", { secret_suffix: "s" }],
        ["kubernetes", "config_context_cluster", { secret_suffix: "s" }],
        ["consul", "datacenter", { path: "p" }],
      ] as const
    ).map(
      ([type, argument, config]) =>
        [
          `another ${argument} of ${type}`,
          kept({ type, config: { ...config, [argument]: "one" } }),
          kept({ type, config: { ...config, [argument]: "two" } }, other),
        ] as const,
    ),
    [
      "the namespace that Kubernetes has by default, where nothing else is said",
      kept({ type: "kubernetes", config: {} }),
      kept({ type: "kubernetes", config: {} }, other),
    ],
    [
      "where only the process environment says the place",
      kept({ type: "http", config: {} }),
      kept({ type: "http", config: {} }, other),
    ],
  ] as const)("isn't found in %s", (_, first, later) => {
    expect(conflictsOf(first, later)).toEqual([]);
  });
});
