import { expect, it } from "vitest";
import { impactOf } from "../../../../operations/observe/review/impact";
import { findLacking } from "../../../../operations/observe/review/lacking";
import { type SomeNode, somePlan } from "./some-plan";

const CREATED: SomeNode = { container: ["create"], volume: ["create"], membership: ["create"] };
const AT = "10.0.0.1:5432";

function lacking(nodes: Readonly<Record<string, SomeNode>>, registered: readonly string[]) {
  return findLacking(impactOf(somePlan(nodes)).nodes, registered, AT);
}

it("is every node where the state is empty, also before the first of them was registered", () => {
  const nodes = { "a/coordinator": CREATED, "b/worker1": CREATED };
  const all = ["a/coordinator", "b/worker1"];
  expect(lacking(nodes, all)).toEqual({ nodes: all, all: true, at: AT });
  expect(lacking(nodes, [])).toEqual({ nodes: ["a/coordinator"], all: false, at: AT });
});

it("is a registered worker that the plan takes for new", () => {
  const nodes = { "a/coordinator": {}, "b/worker1": CREATED, "b/worker2": CREATED };
  expect(lacking(nodes, ["a/coordinator", "b/worker1"])).toEqual({
    nodes: ["b/worker1"],
    all: false,
    at: AT,
  });
});

it("is nobody where workers join, or one comes back on its volume", () => {
  const nodes = {
    "a/coordinator": {},
    "b/worker1": CREATED,
    "b/worker2": { ...CREATED, volume: ["no-op"] as const },
  };
  expect(lacking(nodes, ["a/coordinator", "b/worker2"])).toBeUndefined();
});
