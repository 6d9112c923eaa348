import { describe, expect, it } from "vitest";
import type { TerraformState } from "../../../../model/terraform-state";
import type { Action } from "../../../../operations/change/recover/action";
import {
  membershipsToRestore,
  narrowToPresent,
  restoreMemberships,
} from "../../../../operations/change/recover/memberships";
import type { CoordinatorAnswer } from "../../../../operations/change/recover/situation";
import type { Terraform } from "../../../../operations/terraform/terraform";
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

/** What the state lacks, where nothing is adopted unless it is said. */
const missing = (
  containers: readonly string[],
  members: readonly string[],
  coordinator: CoordinatorAnswer = answered,
  actions: readonly Action[] = [],
) => membershipsToRestore(stateOf(containers, members), declared, coordinator, actions);

const adopted = declared.containers.map(({ address, host, name }): Action => ({
  ...{ action: "adopt", type: "container", host, name, address, id: name, replacesEntry: false, reason: "" },
}));

/** Of the coordinator alone. */
const alone = { ...answered, registered: ["10.0.0.1:5432"], recorded: ["server-a/coordinator"] };

describe("memberships that a recovery puts back", () => {
  it("are those that the state lacks, of containers that it has", () => {
    expect(missing(all, ids)).toEqual([]);
    expect(missing(all, [])).toEqual(ids);
    expect(missing(all, ids.slice(0, 2))).toEqual(ids.slice(2));
    expect(missing([...all.slice(0, 2), "server-b_worker2!"], [])).toEqual(ids.slice(0, 2));
    expect(membershipsToRestore({}, declared, answered, [])).toEqual([]);
  });

  it("are those of containers that it will have by an adoption, too", () => {
    expect(missing([], [], answered, adopted)).toEqual(ids);
    expect(missing(all.slice(0, 1), ids.slice(0, 1), answered, adopted.slice(0, 2))).toEqual(ids.slice(1, 2));
    expect(missing([], [], alone, adopted)).toEqual(ids.slice(0, 1));
    const removed = adopted.map((each): Action => ({ ...each, action: "remove", id: "x" }));
    expect(missing([], [], answered, removed)).toEqual([]);
  });

  it("are no news of nodes that were never registered; of all where nobody can say it", () => {
    expect(missing(all, [], alone)).toEqual(["server-a/coordinator"]);
    expect(missing(all, [], { kind: "empty" })).toEqual([]);
    expect(missing(all, [], { kind: "silent", cause: "x" })).toEqual(ids);
    expect(missing(all, [], { kind: "absent" })).toEqual(ids);
  });

  it("are of all while a program of a killed Terraform may still register them", () => {
    expect(missing(all, [], { ...alone, running: ["pg-dist register"] })).toEqual(ids);
  });

  it("are none where none is to be: Terraform is not even asked", async () => {
    const asked = new Proxy({}, { get: () => () => Promise.reject(new Error("asked")) }) as Terraform;
    await expect(restoreMemberships(asked, "/nowhere", [])).resolves.toBe(true);
    await expect(restoreMemberships(asked, "/nowhere", ids)).rejects.toThrow("asked");
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
    expect(narrowToPresent(stack, state, ["server-a/coordinator"])).toEqual({
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
