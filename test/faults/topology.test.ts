import { describe, expect, it } from "vitest";
import { findProblems } from "../../model/validation/validation";
import { Random } from "../model/random";
import { compare } from "./invariants";
import { remedyFor } from "./remedies";
import { type ChangeKind, RECEIVER, chooseChange, environmentOf, firstTopology } from "./topology";

const KINDS: ChangeKind[] = ["add", "remove", "remove two", "setting", "setting of all", "port"];
const HOSTS = Object.fromEntries(
  ["server-a", "server-b", "server-c"].map((id, index) => [
    id,
    {
      connection: `ssh://root@10.0.0.${index + 1}`,
      address: `${id}.example.com`,
      bindAddress: `10.0.0.${index + 1}`,
    },
  ]),
);

function walk(seed: number): { texts: string[]; kinds: Set<string> } {
  const random = new Random(seed);
  let topology = firstTopology();
  const texts: string[] = [];
  const kinds = new Set<string>();
  for (let step = 0; step < 300; step++) {
    const change = chooseChange(random, topology, KINDS);
    if (change === undefined) throw new Error("no change is possible");
    expect(findProblems(environmentOf(change.result, HOSTS))).toEqual([]);
    expect(Object.keys(change.result.workers)).toContain(RECEIVER);
    expect(change.result).not.toEqual(topology);
    topology = change.result;
    texts.push(change.text);
    kinds.add(change.kind);
  }
  return { texts, kinds };
}

describe("changes of a fault run", () => {
  it("always lead to a right environment, keep the receiving worker, and come in all kinds", () => {
    expect([...walk(1).kinds].sort()).toEqual([...KINDS].sort());
  });

  it("are the same for the same seed", () => {
    expect(walk(7).texts).toEqual(walk(7).texts);
    expect(walk(7).texts).not.toEqual(walk(8).texts);
  });
});

describe("rows of a fault run", () => {
  const tried = (id: number) => id < 10;

  it("are right when all acknowledged ones are there, and others only if a writer tried them", () => {
    expect(compare("item", [1, 2, 3], [1, 2], tried)).toEqual([]);
  });

  it.each([
    [[1, 3], [1, 2, 3], "1 acknowledged rows are lost: 2"],
    [[1, 2, 2], [1, 2], "1 rows are there twice"],
    [[1, 99], [1], "1 rows that nobody wrote: 99"],
  ])("%j for %j: %s", (present, acknowledged, violation) => {
    expect(compare("item", present, acknowledged, tried)).toEqual([`item: ${violation}`]);
  });
});

describe("what an error tells to do", () => {
  it.each([
    [
      '│ Error: Unable to create container: Conflict. The container name "/citus-worker1" is already in use',
      "recover",
    ],
    [
      "pg-dist: server-b/worker2 was not removed: it does not answer: start it and apply again",
      "start it or put it back",
    ],
    [
      "pg-dist: moving shard 1 of item failed: x: fix what the server reports; then apply again: what was moved stays moved",
      "apply again",
    ],
    ["Error: Cannot connect to the Docker daemon at http://docker.example.com", "apply again"],
  ])("%s", (output, name) => {
    expect(remedyFor(output)?.name).toBe(name);
  });

  it.each([
    "Error: something happened",
    "pg-dist: unexpected error: x: please report it with the lines above",
  ])("is missing in: %s", (output) => {
    expect(remedyFor(output)).toBeUndefined();
  });
});
