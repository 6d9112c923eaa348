import { describe, expect, it } from "vitest";
import { readApplyText } from "../../../../operations/terraform/cloud/apply-text";

const MEMBERSHIP = 'null_resource.membership["here/worker2"]';

/** The lines are those of a remote run of Terraform 1.11.4. */
describe("a line of a remote run's apply", () => {
  it.each([
    ["docker_volume.here_worker1: Creating...", "begun", "create", 0],
    ["docker_container.here_worker2: Still creating... [20s elapsed]", "going-on", "create", 20],
    ["docker_container.here_worker1: Creation complete after 24s [id=d22e27]", "done", "create", 24],
    ["docker_container.here_worker1: Modifying... [id=d22e27]", "begun", "update", 0],
    ["docker_container.here_worker1: Modifications complete after 0s [id=d22e27]", "done", "update", 0],
    ["docker_container.here_worker1: Destroying... [id=d22e27]", "begun", "delete", 0],
    [
      "docker_container.here_worker1: Still destroying... [id=d22e27, 1m10s elapsed]",
      "going-on",
      "delete",
      70,
    ],
    ["docker_container.here_worker1: Destruction complete after 1h0m2s", "done", "delete", 3602],
    [
      "docker_container.here_worker1 (deposed object 1a2b3c4d): Destruction complete after 1s",
      "done",
      "delete",
      1,
    ],
  ])("%s", (text, event, action, seconds) => {
    const [, address = ""] = /^([\w.]+)/.exec(text) ?? [];
    const [type, name] = address.split(".");
    expect(readApplyText(`\u001b[0m\u001b[1m${text}\u001b[0m\u001b[0m`)).toEqual({
      ...{ event, address, action, seconds },
      resource: { type, name },
    });
  });

  it("is of an instance", () => {
    expect(readApplyText(`${MEMBERSHIP}: Destruction complete after 50s`)).toEqual({
      ...{ event: "done", address: MEMBERSHIP, action: "delete", seconds: 50 },
      resource: { type: "null_resource", name: "membership", index: "here/worker2" },
    });
  });

  it("is what a step prints, whatever that looks like", () => {
    const text = "docker_volume.a: Creating...";
    const line = `\u001b[1m${MEMBERSHIP} (local-exec):\u001b[0m \u001b[0m${text}`;
    expect(readApplyText(line)).toEqual({ event: "output", address: MEMBERSHIP, text });
  });

  it.each([
    "null_resource.registration: Provisioning with 'local-exec'...",
    "docker_volume.here_worker1: Importing... [id=remote-worker1]",
    "Apply complete! Resources: 20 added, 0 changed, 0 destroyed.",
    'connection_string = "postgres://postgres@127.0.0.1:6543/postgres"',
    "- Installing hashicorp/null v3.2.4...",
    "",
  ])("is nothing that is told: %s", (text) => expect(readApplyText(text)).toBeUndefined());
});
