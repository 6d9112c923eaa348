import { describe, expect, it } from "vitest";
import { type Remedy, render } from "../../../../operations/base/remedy";
import { describeApply } from "../../../../operations/commands/apply/json";
import { tellApply } from "../../../../operations/commands/apply/progress";
import type { ReviewRecord } from "../../../../operations/observe/review/review-record";
import type { ApplyEvent } from "../../../../operations/terraform/apply-events";
import type { PlanJson } from "../../../../operations/terraform/plan";
import { expectShape } from "../../../fixtures/json-shape";
import { somePlan } from "../../observe/review/some-plan";

type Happening = Exclude<ApplyEvent, { event: "output" }>;

function event(
  address: string,
  action: Happening["action"],
  seconds = 0,
  kind: Happening["event"] = "done",
): ApplyEvent {
  const [, type = "", name = "", index] = /^(\w+)\.([\w-]+)(?:\["(.*)"\])?$/.exec(address) ?? [];
  const resource = { type, name, ...(index === undefined ? {} : { index }) };
  return { event: kind, address, resource, action, seconds };
}

const printed = (text: string): ApplyEvent => ({
  event: "output",
  address: "null_resource.registration",
  text,
});

function tell(plan: PlanJson, ...events: ApplyEvent[]) {
  const lines: string[] = [];
  const told = tellApply(plan, (line: Remedy) => lines.push(render(line, "person")));
  for (const each of events) told.onEvent(each);
  return { lines, changes: told.changes };
}

describe("an apply", () => {
  it("is told by nodes and hosts, each thing once it is done", () => {
    const { lines } = tell(
      {},
      event("docker_image.b", "create"),
      event("docker_network.b", "create", 2),
      event("docker_volume.b_worker1", "create"),
      event("docker_volume.b_worker1_archive", "create"),
      event("docker_container.b_worker1", "create", 0, "begun"),
      event("docker_container.b_worker1", "create", 8),
      event('null_resource.membership["b/worker1"]', "create"),
      event("null_resource.guard", "create"),
      event("null_resource.registration", "create", 2),
      event("docker_container.b_worker2", "update"),
      event('null_resource.membership["d/worker1"]', "delete", 75),
      event("docker_container.d_worker1", "delete", 1),
      event("local_file.mine", "create"),
    );
    expect(lines).toEqual([
      "b: image is present (0 s)",
      "b: network created (2 s)",
      "b/worker1: data volume created (0 s)",
      "b/worker1: archive volume created (0 s)",
      "b/worker1: container created (8 s)",
      "registration: every node is registered, and its metadata verified (2 s)",
      "b/worker2: container changed in place (0 s)",
      "d/worker1: emptied, and removed from the cluster (1 min 15 s)",
      "d/worker1: container destroyed (1 s)",
      "local_file.mine: created (0 s)",
    ]);
  });

  it("has of a replacement both halves, and counts it once", () => {
    const plan = somePlan(
      { "b/worker1": { container: ["delete", "create"] } },
      {
        "null_resource.registration": ["delete", "create"],
        "null_resource.guard": ["delete", "create"],
        "docker_network.b": ["delete", "create"],
      },
    );
    const { lines, changes } = tell(
      plan,
      event("null_resource.registration", "delete"),
      event("null_resource.guard", "delete", 1),
      event("docker_container.b_worker1", "delete", 5),
      event("docker_network.b", "delete", 1),
      event("docker_network.b", "create", 1),
      event("docker_container.b_worker1", "create", 4),
      event("null_resource.guard", "create"),
      event("null_resource.registration", "create", 2),
    );
    expect(lines).toEqual([
      "guard: nothing objects to the change (1 s)",
      "b/worker1: container stopped, for a new one (5 s)",
      "b: network replaced (1 s)",
      "b/worker1: runs in a new container, on its data (4 s)",
      "registration: every node is registered, and its metadata verified (2 s)",
    ]);
    expect(changes.map(({ address, action, seconds }) => [address, action, seconds])).toEqual([
      ["docker_network.b", "replace", 2],
      ["docker_container.b_worker1", "replace", 9],
      ["null_resource.guard", "replace", 1],
      ["null_resource.registration", "replace", 2],
    ]);
  });

  it("says every so often that something goes on, and what failed", () => {
    const { lines, changes } = tell(
      {},
      ...[10, 20, 30, 40].map((seconds) =>
        event("docker_container.b_worker1", "create", seconds, "going-on"),
      ),
      event("docker_container.b_worker1", "create", 41, "failed"),
      event("null_resource.registration", "create", 30, "going-on"),
      event('null_resource.membership["d/worker1"]', "delete", 31, "failed"),
    );
    expect(lines).toEqual([
      "b/worker1: container is still being created (30 s)",
      "b/worker1: container could not be created (41 s)",
      "registration: still at work (30 s)",
      "d/worker1: failed (31 s)",
    ]);
    expect(changes).toEqual([]);
  });

  it("passes on what its steps print, without Terraform's own lines and the last words of one that fails", () => {
    const { lines } = tell(
      {},
      printed('Executing: ["/bin/sh" "-c" "node assets/x/pg-dist.mjs register"]'),
      printed("[  0.4s] b/worker1: added as node 5"),
      printed("[ 12.4s] node               endpoint"),
      printed("  direct (10.0.0.1:5432): connection refused"),
      printed(""),
      printed("pg-dist: the coordinator can't be reached: check that it runs"),
    );
    expect(lines).toEqual([
      "b/worker1: added as node 5",
      "node               endpoint",
      "  direct (10.0.0.1:5432): connection refused",
    ]);
  });

  it("is for a script as schemas/apply.json has it", () => {
    const { changes } = tell(
      somePlan({ "b/worker1": { container: ["delete", "create"] } }),
      event("docker_container.b_worker1", "delete", 5),
      event("docker_container.b_worker1", "create", 4),
      event('null_resource.membership["d/worker1"]', "delete", 75),
      event("docker_image.b", "create"),
    );
    const record: ReviewRecord = {
      ...{
        version: 1,
        environment: "production",
        cluster: "citus",
        terraform: null,
        files: {},
        refusals: [],
      },
      ...{
        plan: "a".repeat(64),
        reviewedAt: "2026-11-29T21:09:14.296Z",
        allowed: null,
        live: { kind: "left-out" },
      },
    } as const;
    const answer = describeApply({ file: "reviewed.plan", record, changes, seconds: 12.345 });
    expectShape("apply", JSON.stringify({ version: 1, command: "apply", ...answer }));
    expect(answer).toMatchObject({
      seconds: 12.3,
      changes: [
        { kind: "container", node: "b/worker1", host: "b", action: "replace", seconds: 9 },
        { kind: "membership", node: "d/worker1", host: null, action: "delete" },
        { kind: "image", node: null, host: "b" },
      ],
    });
  });
});
