import { describe, expect, it } from "vitest";
import { clusterOf, minimal } from "../model/samples";
import { configurationOf, resourceAt } from "../synthesis";
import { operationsOf } from "./steps";

const membershipOf = (environment: Parameters<typeof configurationOf>[0]) =>
  resourceAt(configurationOf(environment), "null_resource.membership");

describe("membership", () => {
  it("has an instance for each node's id", () => {
    expect(membershipOf(clusterOf({ b: 1, c: { worker2: {} } })).for_each).toBe(
      '${toset(["a/coordinator","b/worker1","c/worker2"])}',
    );
  });

  it("stays at zero workers, or the last one would go undrained", () => {
    for (const environment of [minimal, clusterOf({ b: 0 })]) {
      const membership = membershipOf(environment);
      expect(membership.for_each).toMatch(/^\$\{toset\(\["\w+\/coordinator"\]\)\}$/);
      expect(operationsOf(membership)).toHaveLength(1);
    }
  });

  it("only has a destroy-time provisioner, which can't taint it, and which uses nothing but literals and each.key", () => {
    const membership = membershipOf(clusterOf({ b: 1 }));
    expect(operationsOf(membership)).toEqual([
      "destroy leave --cluster cluster.json --expect <digest> --node ${each.key}",
    ]);
    expect(membership.provisioner[0]["local-exec"].on_failure).toBeUndefined();
    expect(membership.provisioner[0]["local-exec"].environment).toBeUndefined();
  });

  it("has no triggers and comes after every container, so that it is drained before one goes", () => {
    const membership = membershipOf(clusterOf({ b: 2 }));
    expect(membership.triggers).toBeUndefined();
    expect(membership.depends_on).toEqual([
      "docker_container.a_coordinator",
      "docker_container.b_worker1",
      "docker_container.b_worker2",
    ]);
  });
});
