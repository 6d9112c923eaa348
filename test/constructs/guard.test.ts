import { describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { clusterOf } from "../model/samples";
import { configurationOf, resourceAt } from "../synthesis";
import { operationsOf } from "./steps";

const guardOf = (environment: Environment) => resourceAt(configurationOf(environment), "null_resource.guard");

const workers: Environment = { ...clusterOf({ b: 1 }), cpus: 2 };

describe("the guard", () => {
  it("only runs when it is destroyed, which is before the first container goes", () => {
    const guard = guardOf(workers);
    expect(operationsOf(guard)).toEqual(["destroy guard --cluster cluster.json --expect <digest>"]);
    expect(guard.depends_on).toEqual(["docker_container.a_coordinator", "docker_container.b_worker1"]);
  });

  it.each([
    ["the image", { image: "citusdata/citus:13.2.0" }],
    ["a start-up setting of all nodes", { settings: { max_worker_processes: 32 } }],
    ["the CPU limit of all nodes", { cpus: 4 }],
    ["the name of the cluster, which names its volumes", { cluster: "orders" }],
    ["the superuser, whom only a new volume gets", { user: "admin" }],
    ["the database, which only a new volume gets", { database: "orders" }],
    [
      "a setting of one node, as several such edits replace several at once",
      { workers: { b: { worker1: { settings: { jit: true } } } } },
    ],
  ])("is set off by a change of %s", (_, more) => {
    expect(guardOf({ ...workers, ...more }).triggers).not.toEqual(guardOf(workers).triggers);
  });

  it.each([
    ["a plain worker", { b: 2 }],
    ["a worker beside the coordinator", { a: 1, b: 1 }],
    ["no worker but the coordinator", {}],
  ] satisfies [string, Environment["workers"]][])(
    "is not set off when this joins or stays: %s",
    (_, more) => {
      expect(guardOf({ ...workers, workers: more }).triggers).toEqual(guardOf(workers).triggers);
    },
  );
});
