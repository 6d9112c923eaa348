import { describe, expect, it } from "vitest";
import { readApplyLine } from "../../../operations/terraform/apply-events";

const MEMBERSHIP = {
  ...{ addr: 'null_resource.membership["local/worker2"]', module: "", implied_provider: "null" },
  ...{ resource_type: "null_resource", resource_name: "membership", resource_key: "local/worker2" },
};
const CONTAINER = {
  ...{ addr: "docker_container.local_worker1", module: "", implied_provider: "docker" },
  ...{ resource_type: "docker_container", resource_name: "local_worker1", resource_key: null },
};

const line = (content: object) => readApplyLine(JSON.stringify({ "@level": "info", ...content }));

/** The lines are those of Terraform 1.11.4 (ui 1.2). */
describe("a line of an apply", () => {
  it("is what happens to a resource", () => {
    const hook = {
      resource: CONTAINER,
      action: "create",
      id_key: "id",
      id_value: "66aa",
      elapsed_seconds: 8,
    };
    expect(line({ type: "apply_complete", hook })).toEqual({
      ...{ event: "done", address: "docker_container.local_worker1", action: "create", seconds: 8 },
      resource: { type: "docker_container", name: "local_worker1" },
    });
    expect(line({ type: "apply_start", hook: { resource: MEMBERSHIP, action: "delete" } })).toEqual({
      ...{
        event: "begun",
        address: 'null_resource.membership["local/worker2"]',
        action: "delete",
        seconds: 0,
      },
      resource: { type: "null_resource", name: "membership", index: "local/worker2" },
    });
    expect(line({ type: "apply_errored", hook })).toMatchObject({ event: "failed" });
    expect(line({ type: "apply_progress", hook })).toMatchObject({ event: "going-on", seconds: 8 });
  });

  it("is what a step prints", () => {
    const hook = { resource: MEMBERSHIP, provisioner: "local-exec", output: "[  0.2s] connected" };
    expect(line({ type: "provision_progress", hook })).toEqual({
      ...{
        event: "output",
        address: 'null_resource.membership["local/worker2"]',
        text: "[  0.2s] connected",
      },
    });
  });

  it("is an error, or a warning", () => {
    const diagnostic = { severity: "error", summary: "Saved plan is stale", detail: "The given" };
    expect(line({ type: "diagnostic", diagnostic })).toEqual(diagnostic);
    const of = { severity: "warning", summary: "x", address: "docker_network.local" };
    expect(line({ type: "diagnostic", diagnostic: of })).toEqual({ ...of, detail: "" });
  });

  it("is nothing where it is of what isn't told, or no JSON", () => {
    const hook = { resource: CONTAINER, action: "noop" };
    expect(line({ type: "apply_start", hook })).toBeUndefined();
    expect(line({ type: "refresh_start", hook: { resource: CONTAINER } })).toBeUndefined();
    expect(line({ type: "version", terraform: "1.11.4", ui: "1.2" })).toBeUndefined();
    expect(readApplyLine("panic: runtime error")).toBeUndefined();
  });
});
