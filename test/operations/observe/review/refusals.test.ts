import { describe, expect, it } from "vitest";
import { describeCluster } from "../../../../model/cluster";
import { clusterDigest, clusterText } from "../../../../model/contract/cluster-file";
import type { Environment } from "../../../../model/environment";
import { isEmpty, reviewPlan } from "../../../../operations/observe/review/review";
import { type SomeNode, somePlan } from "./some-plan";

const ENVIRONMENT: Environment = {
  name: "production",
  hosts: {
    a: { connection: "ssh://a", address: "10.0.0.1" },
    b: { connection: "ssh://b", address: "10.0.0.2" },
  },
  coordinator: { host: "a" },
  workers: { b: 2 },
};
const REPLACED: SomeNode = { container: ["delete", "create"] };
const DESTROYED: SomeNode = { container: ["delete"], volume: ["delete"], membership: ["delete"] };

function review(nodes: Readonly<Record<string, SomeNode>>, edit: Partial<Environment> = {}) {
  return reviewPlan(somePlan(nodes), describeCluster({ ...ENVIRONMENT, ...edit }));
}

function codes(nodes: Readonly<Record<string, SomeNode>>, edit?: Partial<Environment>): string[] {
  return review(nodes, edit).refusals.map(({ code }) => code);
}

describe("a plan is refused that", () => {
  it("destroys a data volume which nobody empties", () => {
    const { refusals } = review({ "a/coordinator": {}, "b/worker1": { volume: ["delete", "create"] } });
    expect(refusals).toMatchObject([{ code: "data-lost", nodes: ["b/worker1"] }]);
    expect(refusals[0]?.what).toBe(
      "b/worker1: the data volume is destroyed, and recreated, empty; nothing is moved away first",
    );
  });

  it("was made of other code than is here", () => {
    const plan = (digest: string) => ({
      ...somePlan({ "a/coordinator": {} }),
      configuration: {
        root_module: {
          resources: [
            {},
            {
              provisioners: [
                {
                  type: "local-exec",
                  expressions: { command: { constant_value: `node a.mjs register --expect ${digest}` } },
                },
              ],
            },
          ],
        },
      },
    });
    const cluster = describeCluster(ENVIRONMENT);
    const own = clusterDigest(clusterText(cluster));
    expect(reviewPlan(plan(own), cluster).refusals).toEqual([]);
    expect(reviewPlan(plan("0123456789ab"), cluster).refusals).toMatchObject([{ code: "other-code" }]);
  });

  it("destroys the whole cluster", () => {
    const { refusals } = review({ "a/coordinator": DESTROYED, "b/worker1": DESTROYED });
    expect(refusals.map(({ what }) => what)).toEqual([
      "a/coordinator, b/worker1: the data volumes are destroyed; nothing is moved away first",
    ]);
  });

  it("makes a member again on an empty volume", () => {
    const gone: SomeNode = { container: ["create"], volume: ["create"] };
    expect(codes({ "a/coordinator": {}, "b/worker1": gone })).toEqual(["volume-gone"]);
    expect(review({ "a/coordinator": {}, "b/worker1": gone, "b/worker2": gone }).refusals[0]?.what).toBe(
      "b/worker1, b/worker2: the volumes with their data are gone, and would be recreated, empty",
    );
  });

  it("stops the coordinator and workers together, unless the environment says so", () => {
    const nodes = { "a/coordinator": REPLACED, "b/worker1": REPLACED };
    expect(codes(nodes)).toEqual(["coordinator-with-workers"]);
    expect(codes(nodes, { rollout: "all-at-once" })).toEqual([]);
  });

  it("stops several workers together", () => {
    expect(codes({ "a/coordinator": {}, "b/worker1": REPLACED, "b/worker2": REPLACED })).toEqual([
      "all-at-once",
    ]);
  });

  it("brings an older Citus, or another PostgreSQL, to existing data: once for all nodes of an edit", () => {
    const from = (image: string) => ({ ...REPLACED, before: { image }, forces: ["image"] });
    const newer = from("citusdata/citus:13.2.0");
    const { refusals } = review({ "b/worker1": newer, "b/worker2": newer }, { rollout: "all-at-once" });
    expect(refusals).toMatchObject([{ code: "image", nodes: ["b/worker1", "b/worker2"] }]);
    expect(refusals[0]?.what).toBe(
      "b/worker1, b/worker2: they run Citus 13.2.0, citusdata/citus:13.0.3 has Citus 13.0.3",
    );
    expect(codes({ "b/worker1": from("citusdata/citus:12.1.2") })).toEqual(["image"]);
    // Whether they are replaced at once doesn't matter then: one by one would be no better.
    expect(codes({ "a/coordinator": newer, "b/worker1": newer })).toEqual(["image"]);
    expect(codes({ "a/coordinator": REPLACED, "b/worker1": REPLACED, "b/worker2": newer })).toEqual([
      "coordinator-with-workers",
      "image",
    ]);
  });

  it("failed half-way", () => {
    const plan = { ...somePlan({ "a/coordinator": {} }), errored: true };
    const { refusals } = reviewPlan(plan, describeCluster(ENVIRONMENT));
    expect(refusals.map(({ code }) => code)).toEqual(["incomplete-plan"]);
    const stopped = { what: "data volume of a/coordinator would be destroyed", remedy: "undo" };
    const protectedPlan = reviewPlan(plan, describeCluster(ENVIRONMENT), { stopped });
    expect(protectedPlan.refusals).toEqual([{ code: "protected", nodes: [], ...stopped }]);
  });
});

it.each<[string, Record<string, SomeNode>]>([
  ["one container is replaced", { "a/coordinator": {}, "b/worker1": REPLACED }],
  ["a worker leaves", { "a/coordinator": {}, "b/worker1": DESTROYED }],
  ["a worker joins", { "b/worker2": { container: ["create"], volume: ["create"], membership: ["create"] } }],
])("a plan may be approved where %s", (_, nodes) => {
  expect(codes(nodes)).toEqual([]);
});

it("is empty where nothing at all is done", () => {
  expect(isEmpty(review({ "a/coordinator": {} }))).toBe(true);
  expect(isEmpty(review({ "a/coordinator": { container: ["update"] } }))).toBe(false);
});
