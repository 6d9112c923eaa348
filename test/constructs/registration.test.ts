import { describe, expect, it } from "vitest";
import { clusterOf } from "../model/samples";
import { configurationOf, resourceAt, resourcesOf } from "../synthesis";
import { operationsOf } from "./steps";

const registrationOf = (environment: Parameters<typeof configurationOf>[0]) =>
  resourceAt(configurationOf(environment), "null_resource.registration");

const workers = clusterOf({ b: 1, c: 1 });

describe("registration", () => {
  it("is one for the whole list: none that goes with a worker", () => {
    const steps = Object.keys(resourcesOf(configurationOf(workers))).filter((each) =>
      each.startsWith("null_"),
    );
    expect(steps.sort()).toEqual([
      "null_resource.guard",
      "null_resource.membership",
      "null_resource.registration",
    ]);
  });

  it("runs only when it is created, after membership and every container", () => {
    const registration = registrationOf(workers);
    expect(operationsOf(registration)).toEqual(["create register --cluster cluster.json --expect <digest>"]);
    expect(registration.depends_on).toEqual([
      "null_resource.membership",
      "docker_container.a_coordinator",
      "docker_container.b_worker1",
      "docker_container.c_worker1",
    ]);
  });

  it("runs again when a container is created anew", () => {
    expect(registrationOf(workers).triggers).toMatchObject({
      "container of a/coordinator": "${substr(docker_container.a_coordinator.id, 0, 12)}",
      "container of b/worker1": "${substr(docker_container.b_worker1.id, 0, 12)}",
      "container of c/worker1": "${substr(docker_container.c_worker1.id, 0, 12)}",
    });
  });

  it("shows in the plan what changed: endpoints, image, settings", () => {
    expect(
      registrationOf({
        ...workers,
        cpus: 2,
        settings: { work_mem: "8MB" },
        workers: { b: 1, c: { worker1: { cpus: 4, settings: { work_mem: "64MB", jit: false } } } },
      }).triggers,
    ).toMatchObject({
      image: "citusdata/citus:13.0.3",
      settings: "max_worker_processes=16 shared_preload_libraries=citus wal_level=logical work_mem=8MB",
      cpus: "2",
      "start-up of c/worker1": "work_mem=64MB jit=off cpus=4",
      "a/coordinator": "10.0.0.1:5432",
      "b/worker1": "10.0.0.2:5432",
      "c/worker1": "10.0.0.3:5432",
    });
  });

  it("names the roles whose passwords it stores, and never a password", () => {
    const configuration = configurationOf({ ...workers, roles: ["reporting", "${app}"] });
    expect(resourceAt(configuration, "null_resource.registration").triggers).toMatchObject({
      roles: "$${app}, reporting",
    });
    expect(configuration.variable.role_passwords).toMatchObject({
      type: "string",
      sensitive: true,
      default: "",
    });
    expect(JSON.stringify(resourcesOf(configuration))).not.toContain("role_passwords");
  });

  it("has neither a trigger nor a variable for roles where none is named", () => {
    for (const roles of [undefined, []]) {
      const configuration = configurationOf({ ...workers, roles });
      expect(Object.keys(resourceAt(configuration, "null_resource.registration").triggers)).not.toContain(
        "roles",
      );
      expect(configuration.variable).not.toHaveProperty("role_passwords");
      expect(JSON.stringify(configuration)).toBe(JSON.stringify(configurationOf(workers)));
    }
  });
});
