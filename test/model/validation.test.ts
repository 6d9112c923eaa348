import { describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { local } from "../../environments/local";
import { production } from "../../environments/production";
import { findProblems } from "../../model/validation/validation";
import { problemsOf, refused, withHost, withWorkers } from "./refused";
import { clusterOf, maximal, minimal } from "./samples";

describe("what is right", () => {
  it.each([
    ["the least", minimal],
    ["every field", maximal],
    ["the two environments that ship: local", local],
    ["the two environments that ship: production", production],
    ["no workers anywhere", { ...minimal, workers: {} }],
    ["0 workers on a host that is about to leave", clusterOf({ b: 0 })],
    [
      "a plain tcp engine on loopback",
      { ...minimal, hosts: { here: { connection: "tcp://127.0.0.1:2375" } } },
    ],
    [
      "an image by digest",
      { ...minimal, image: `citusdata/citus@sha256:${"a".repeat(64)}`, postgresMajor: 17 },
    ],
    ...[
      ...[
        "ssh://root@b:2222",
        "ssh://b/",
        "ssh://corp%5Croot@b",
        "ssh://user%40corp@prod_b",
        "ssh://root@[fd00::2]",
      ],
    ].map((connection): [string, Environment] => [`the connection ${connection}`, withHost({ connection })]),
    [
      "a server that clients reach by IPv6, while its nodes use container names",
      { ...minimal, hosts: { here: { connection: "unix:///run/docker.sock", bindAddress: "fd00::1" } } },
    ],
    ["a public bind that is asked for", withHost({ bindAddress: "0.0.0.0", allowPublicBind: true })],
    [
      "a state elsewhere in the project",
      { ...minimal, backend: { type: "local", path: "states/dev.tfstate" } },
    ],
    ["HCP Terraform", { ...minimal, backend: { type: "cloud", organization: "acme", workspace: "citus" } }],
  ] satisfies [string, Environment][])("%s", (_, environment) => {
    expect(problemsOf(environment)).toEqual([]);
  });
});

describe("names", () => {
  refused(
    "an environment's name that can't name a stack",
    { ...minimal, name: "My Env" },
    `name: "My Env" must start with a letter and hold only a-z, 0-9 and "-" (63 at most): it names the stack`,
  );
  refused(
    "a cluster's name that Docker would refuse",
    { ...minimal, cluster: "Citus_1" },
    `cluster: "Citus_1" must hold only a-z, 0-9 and "-" (40 at most): it names networks, containers and volumes`,
  );
  for (const cluster of ["bridge", "default", "host", "none"]) {
    refused(
      `the cluster's name ${cluster}`,
      { ...minimal, cluster },
      `cluster: "${cluster}" is a network of Docker's own: choose another name, e.g. citus`,
    );
  }
  refused(
    "an empty user",
    { ...minimal, user: "" },
    `user: "" must start with a letter or "_" and hold only letters, digits, "_" and "-" (63 at most)`,
  );
  refused(
    "a database's name with a blank",
    { ...minimal, database: "my db" },
    `database: "my db" must start with a letter or "_" and hold only letters, digits, "_" and "-" (63 at most)`,
  );
  refused(
    "a reserved user",
    { ...minimal, user: "pg_admin" },
    `user: "pg_admin": PostgreSQL reserves names that start with "pg_"`,
  );
  refused(
    "a template database",
    { ...minimal, database: "template1" },
    `database: "template1" is PostgreSQL's own template: choose another name`,
  );
});

describe("references between hosts and nodes", () => {
  refused(
    "an unknown host of the coordinator",
    { ...minimal, coordinator: { host: "there" } },
    `coordinator.host: "there" is not in hosts; known hosts: here`,
  );
  refused(
    "no hosts at all",
    { ...minimal, hosts: {} },
    `coordinator.host: "here" is not in hosts; known hosts: none`,
  );
  refused(
    "an unknown host of workers",
    { ...clusterOf({ b: 1 }), workers: { b: 1, e: 1 } },
    `workers.e: "e" is not in hosts; known hosts: a, b`,
  );
  for (const count of [-1, 1.5, NaN, Infinity, 1e9]) {
    refused(
      `${count} workers`,
      clusterOf({ b: count }),
      `workers.b: ${count} must be a whole number of workers, from 0 to 1000`,
    );
  }
});

describe("endpoints", () => {
  refused(
    "two workers on one port",
    withWorkers({ worker1: {}, olap: { port: 5432 } }),
    "workers.b.olap.port: 10.0.0.2:5432 is already the endpoint of b/worker1: give one of them another port",
  );
  refused(
    "a worker on the coordinator's port",
    clusterOf({ a: { worker1: { port: 5432 } } }),
    "workers.a.worker1.port: 10.0.0.1:5432 is already the endpoint of a/coordinator: give one of them another port",
  );
  refused(
    "one published port for two nodes whose endpoints are container names",
    {
      ...minimal,
      hosts: { here: { connection: "unix:///var/run/docker.sock", bindAddress: "10.0.0.1" } },
      workers: { here: { worker1: { port: 5432 }, worker2: {} } },
    },
    "workers.here.worker1.port: 10.0.0.1:5432 is already the published port of here/coordinator: give one of them another port",
  );

  it("are not looked for of workers whose port is missing where their endpoints are container names", () => {
    const here = { connection: "unix:///var/run/docker.sock", bindAddress: "10.0.0.4" };
    const missing = "is missing: only workers named worker1, worker2, ... have a default port";
    expect(problemsOf({ ...minimal, hosts: { here }, workers: { here: { blue: {}, green: {} } } })).toEqual([
      `workers.here.blue.port: ${missing}`,
      `workers.here.green.port: ${missing}`,
    ]);
  });

  it("are not looked for on hosts that aren't there, nor of workers whose port is missing", () => {
    expect(
      problemsOf({
        ...clusterOf({ b: { olap: {}, oltp: {} } }),
        coordinator: { host: "y" },
        workers: { z: 1 },
      }),
    ).toEqual([
      `coordinator.host: "y" is not in hosts; known hosts: a, b`,
      `workers.z: "z" is not in hosts; known hosts: a, b`,
    ]);
    const missing = "is missing: only workers named worker1, worker2, ... have a default port";
    expect(problemsOf(clusterOf({ b: { olap: {}, oltp: {} } }))).toEqual([
      `workers.b.olap.port: ${missing}`,
      `workers.b.oltp.port: ${missing}`,
    ]);
  });
});

describe("several problems", () => {
  it("are reported together, in the order of the file", () => {
    expect(
      findProblems({
        ...withHost({ bindAddress: "0.0.0.0", dns: ["x"] }),
        name: "Staging",
        image: "citusdata/citus:latest",
        postgresMajor: 17,
        workers: { b: { olap: { memory: 1 } }, z: 1 },
        backend: { type: "local", path: "/tmp/state" },
      }).map(({ environment, field }) => `${environment} ${field}`),
    ).toEqual([
      "Staging name",
      "Staging image",
      "Staging hosts.b.bindAddress",
      "Staging hosts.b.dns",
      "Staging workers.z",
      "Staging workers.b.olap.port",
      "Staging workers.b.olap.memory",
      "Staging backend.path",
    ]);
  });

  it("of what all nodes share are one problem each, at the environment", () => {
    const settings = { port: 6000, shared_buffers: "1GB" };
    expect(problemsOf(clusterOf({ b: 3 }, { settings, memory: 512, cpus: 0 }))).toEqual([
      "memory: 512 MB is too small for shared_buffers=1GB, which may take at most three quarters of it",
      "cpus: 0 must be a number of CPUs above 0, e.g. 1.5",
      "settings.port: can't be set here: inside the container it is always 5432; the published port is the node's",
    ]);
    expect(problemsOf(clusterOf({ b: 3 }, { memory: 64 }))).toEqual([
      "memory: 64 MB is too small to start: use 256 MB or more, as a whole number",
    ]);
  });
});
