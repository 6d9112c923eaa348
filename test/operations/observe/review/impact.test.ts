import { describe, expect, it } from "vitest";
import { impactOf } from "../../../../operations/observe/review/impact";
import { type SomeNode, somePlan } from "./some-plan";

const DESTROYED: SomeNode = { container: ["delete"], volume: ["delete"], membership: ["delete"] };
const REPLACED: SomeNode = { container: ["delete", "create"] };
const CREATED: SomeNode = { container: ["create"], volume: ["create"], membership: ["create"] };

/** With a coordinator that stays. */
function fateOf(node: SomeNode, id = "b/worker1"): string | undefined {
  const plan = somePlan({ "a/coordinator": {}, [id]: node });
  return impactOf(plan).nodes.find((each) => each.id === id)?.fate;
}

describe("the impact of a plan on a node", () => {
  it.each<[string, SomeNode, string]>([
    ["nothing", {}, "unchanged"],
    ["only its archive's and its own reads", { container: ["read"] }, "unchanged"],
    ["a new node", CREATED, "joins"],
    ["a node that is drained and destroyed", DESTROYED, "leaves"],
    ["a node that is destroyed and was never a member", { ...DESTROYED, membership: null }, "data-lost"],
    [
      "a node whose membership stays, and its volume goes",
      { ...DESTROYED, membership: ["no-op"] },
      "data-lost",
    ],
    ["a volume that is replaced", { ...REPLACED, volume: ["delete", "create"] }, "data-lost"],
    ["a volume that is replaced before it is destroyed", { volume: ["create", "delete"] }, "data-lost"],
    ["a container that is replaced", REPLACED, "replaced"],
    ["a container that is gone", { container: ["create"] }, "returns"],
    [
      "a container that is gone before its node was ever a member",
      { container: ["create"], membership: ["create"] },
      "joins",
    ],
    ["a container and a volume that are gone", { container: ["create"], volume: ["create"] }, "emptied"],
    ["a container that is only destroyed", { container: ["delete"] }, "leaves"],
    ["memory", { container: ["update"], before: { memory: 1 }, after: { memory: 2 } }, "updated"],
    [
      "a stopped container",
      { container: ["update"], before: { must_run: false }, after: { must_run: true } },
      "starts",
    ],
  ])("%s", (_, node, fate) => {
    expect(fateOf(node)).toBe(fate);
  });

  it("is loss of data where the coordinator goes to another host, as nobody drains it", () => {
    const { nodes } = impactOf(somePlan({ "a/coordinator": DESTROYED, "b/coordinator": CREATED }));
    expect(nodes.map(({ id, fate }) => [id, fate])).toEqual([
      ["a/coordinator", "data-lost"],
      ["b/coordinator", "joins"],
    ]);
  });

  it("is no loss where an earlier apply has emptied and removed the worker, and its volume alone is left to go", () => {
    const plan = somePlan({ "a/coordinator": {}, "b/worker1": { ...DESTROYED, membership: null } });
    expect(impactOf(plan, ["b/worker1"]).nodes[0]).toMatchObject({ id: "b/worker1", fate: "leaves" });
    const anew = somePlan({ "a/coordinator": {}, "b/worker1": { volume: ["delete", "create"] } });
    expect(impactOf(anew, ["b/worker1"]).nodes[0]).toMatchObject({ id: "b/worker1", fate: "data-lost" });
  });

  it("is loss of data on every node where the whole cluster goes", () => {
    const { nodes } = impactOf(somePlan({ "a/coordinator": DESTROYED, "b/worker1": DESTROYED }));
    expect(nodes.map(({ fate }) => fate)).toEqual(["data-lost", "data-lost"]);
  });

  it("stands in the order of the danger", () => {
    const { nodes } = impactOf(
      somePlan({ "a/coordinator": {}, "b/worker1": CREATED, "c/worker1": REPLACED, "d/worker1": DESTROYED }),
    );
    expect(nodes.map(({ fate }) => fate)).toEqual(["leaves", "replaced", "joins", "unchanged"]);
  });

  it("names what else changes", () => {
    const impact = impactOf(
      somePlan(
        { "a/coordinator": {} },
        {
          "docker_network.b": ["create"],
          "docker_image.a": ["delete", "create"],
          "docker_image.c": ["no-op"],
          "null_resource.registration": ["delete", "create"],
          "null_resource.guard": ["no-op"],
          "aws_route53_record.db": ["update"],
        },
      ),
    );
    expect(impact).toMatchObject({ registers: true, guards: false });
    expect(impact.others).toEqual([
      { address: "docker_network.b", action: "create" },
      { address: "docker_image.a", action: "replace" },
      { address: "aws_route53_record.db", action: "update" },
    ]);
  });
});

describe("what a plan changes about a container", () => {
  const command = (...settings: string[]) => ["postgres", ...settings.flatMap((each) => ["-c", each])];
  const changesOf = (node: SomeNode) => impactOf(somePlan({ "b/worker1": node })).nodes[0]?.changes;

  it("is said by setting, and by what an environment's file calls it", () => {
    const before = {
      image: "citusdata/citus:13.0.3",
      command: command("max_connections=100", "cluster_name=citus b/worker1 10.0.0.2:5432"),
    };
    const after = {
      image: "citusdata/citus:13.2.0",
      command: command("work_mem=64MB", "max_connections=300", "cluster_name=citus b/worker1 10.0.0.2:5433"),
    };
    expect(changesOf({ ...REPLACED, before, after, forces: ["image", "command"] })).toEqual([
      { name: "image", before: "citusdata/citus:13.0.3", after: "citusdata/citus:13.2.0", forces: true },
      { name: "endpoint", before: "10.0.0.2:5432", after: "10.0.0.2:5433", forces: true },
      { name: "max_connections", before: "100", after: "300", forces: true },
      { name: "work_mem", after: "64MB", forces: true },
    ]);
  });

  it("calls a port published where it is, also where the endpoint says so", () => {
    const named = command("cluster_name=citus b/worker1 b.lan:5432", "pgdist.published=10.0.0.2:5432");
    const byAddress = (port: number) => command(`cluster_name=citus b/worker1 10.0.0.2:${port}`);
    const names = (after: string[]) =>
      changesOf({ ...REPLACED, before: { command: named }, after: { command: after }, forces: ["command"] });
    expect(names(byAddress(5432))).toEqual([
      { name: "endpoint", before: "b.lan:5432", after: "10.0.0.2:5432", forces: true },
    ]);
    expect(names(byAddress(5433))).toMatchObject([
      { name: "endpoint" },
      { name: "published on", before: "10.0.0.2:5432", after: "10.0.0.2:5433" },
    ]);
    expect(names(command("cluster_name=citus b/worker1 b-worker1:5432"))?.[1]).toEqual({
      ...{ name: "published on", before: "10.0.0.2:5432", forces: true },
    });
  });

  it("leaves out what the engine adds, what follows from another change, and what only the apply tells", () => {
    const before = { memory: 0, memory_swap: 0, dns: [], user: "", privileged: false, id: "1", labels: [1] };
    const after = { memory: 4096, memory_swap: 4096, dns: null, user: null, privileged: null, labels: [] };
    expect(changesOf({ container: ["update"], before, after })).toEqual([
      { name: "memory", after: "4096 MB", forces: false },
    ]);
  });

  it("never shows a password", () => {
    const before = { env: ["POSTGRES_PASSWORD=one-secret"] };
    const after = { env: ["POSTGRES_PASSWORD=another-secret"] };
    const changes = changesOf({ ...REPLACED, before, after, forces: ["env"] });
    expect(changes).toEqual([{ name: "env", forces: true }]);
  });
});
