import { describe, expect, it } from "vitest";
import type { TerraformState } from "../../../../model/terraform-state";
import { membershipsToRestore, narrowToPresent } from "../../../../operations/change/recover/memberships";
import type { StackJson } from "../../../../operations/terraform/stack-file";
import { answered, declared } from "./some-situation";

/** As `server-b_worker1`; with a "!" it is tainted. */
function stateOf(containers: readonly string[], members: readonly string[]): TerraformState {
  return {
    resources: [
      ...containers.map((name) => ({
        ...{ type: "docker_container", name: name.replace("!", ""), provider: "docker" },
        instances: [name.endsWith("!") ? { status: "tainted" } : {}],
      })),
      {
        ...{ type: "null_resource", name: "membership", provider: "null" },
        instances: members.map((id) => ({ index_key: id })),
      },
    ],
  };
}

const all = ["server-a_coordinator", "server-b_worker1", "server-b_worker2"];
const ids = ["server-a/coordinator", "server-b/worker1", "server-b/worker2"];

describe("memberships that a recovery puts back", () => {
  it("are those that the state lacks, of containers that it has", () => {
    expect(membershipsToRestore(stateOf(all, ids), declared, answered)).toEqual([]);
    expect(membershipsToRestore(stateOf(all, []), declared, answered)).toEqual(ids);
    expect(membershipsToRestore(stateOf(all, ids.slice(0, 2)), declared, answered)).toEqual(ids.slice(2));
    expect(
      membershipsToRestore(stateOf([...all.slice(0, 2), "server-b_worker2!"], []), declared, answered),
    ).toEqual(ids.slice(0, 2));
    expect(membershipsToRestore({}, declared, answered)).toEqual([]);
  });

  it("are no news of nodes that were never registered; of all where nobody can say it", () => {
    const alone = { ...answered, registered: ["10.0.0.1:5432"], recorded: ["server-a/coordinator"] };
    expect(membershipsToRestore(stateOf(all, []), declared, alone)).toEqual(["server-a/coordinator"]);
    expect(membershipsToRestore(stateOf(all, []), declared, { kind: "empty" })).toEqual([]);
    expect(membershipsToRestore(stateOf(all, []), declared, { kind: "silent", cause: "x" })).toEqual(ids);
    expect(membershipsToRestore(stateOf(all, []), declared, { kind: "absent" })).toEqual(ids);
  });

  it("are planned without the containers that only a deploy makes, and without losing a member", () => {
    const containers = all.map((name) => `docker_container.${name}`);
    const step = { name: "", provider: "", depends_on: containers };
    const stack = {
      terraform: { backend: { pg: {} } },
      resource: {
        docker_container: {},
        null_resource: {
          membership: { ...step, for_each: `\${toset(${JSON.stringify(ids)})}` },
          guard: { ...step, triggers: { image: "x" } },
          registration: { ...step, depends_on: ["null_resource.membership", ...containers] },
        },
      },
    } as unknown as StackJson;
    const state = stateOf(all.slice(0, 2), ["server-b/worker1", "server-b/left"]);
    const present = containers.slice(0, 2);
    expect(narrowToPresent(stack, state, declared)).toEqual({
      ...stack,
      resource: {
        docker_container: {},
        null_resource: {
          membership: {
            ...step,
            depends_on: present,
            for_each: '${toset(["server-b/worker1","server-b/left","server-a/coordinator"])}',
          },
          guard: { ...step, depends_on: present, triggers: { image: "x" } },
          registration: { ...step, depends_on: ["null_resource.membership", ...containers] },
        },
      },
    });
  });
});
