import { describe, expect, it } from "vitest";
import { parseDiagnostics } from "../../../../operations/terraform/errors/diagnostic";

/** As Terraform 1.11.4 prints them without colours. */
const PLAIN = `docker_volume.local_worker1: Creating...

Error: Instance cannot be destroyed

  on cdk.tf.json line 539, in resource.docker_volume:
 539:       "local_coordinator": {

Resource docker_volume.local_coordinator has lifecycle.prevent_destroy set,
but the plan calls for this resource to be destroyed.

Error: Unable to create network: Error response from daemon: network with name citus already exists

  with docker_network.local,
  on cdk.tf.json line 392, in resource.docker_network.local:
 392:       }

`;

describe("what Terraform prints for people", () => {
  it("is its diagnostics, without where in the configuration they are", () => {
    expect(parseDiagnostics(PLAIN)).toEqual([
      {
        severity: "error",
        summary: "Instance cannot be destroyed",
        detail:
          "Resource docker_volume.local_coordinator has lifecycle.prevent_destroy set,\n" +
          "but the plan calls for this resource to be destroyed.",
      },
      {
        severity: "error",
        summary:
          "Unable to create network: Error response from daemon: network with name citus already exists",
        detail: "",
        address: "docker_network.local",
      },
    ]);
  });

  it("is the same in frames, and with cdktf's paths of constructs", () => {
    const framed = `╷
│ Warning: Deprecated
│
│   with docker_container.local_worker1 (worker-hosts/local/worker1/container),
│   on cdk.tf.json line 20, in resource.docker_container.local_worker1:
│   20:       }
│
│ Use something else.
╵
`;
    expect(parseDiagnostics(framed)).toEqual([
      {
        severity: "warning",
        summary: "Deprecated",
        detail: "Use something else.",
        address: "docker_container.local_worker1",
      },
    ]);
  });

  it("may have none", () => {
    expect(parseDiagnostics("killed\n")).toEqual([]);
  });

  it("ends where its frame does: in a remote run's log, more comes behind it", () => {
    const log = [
      "╷",
      "│ Error: local-exec provisioner error",
      "│ ",
      "│ exit status 127",
      "│ ",
      "╵",
      "x (local-exec): more",
      "Outputs:",
    ];
    expect(parseDiagnostics(log.join("\n"))).toEqual([
      { severity: "error", summary: "local-exec provisioner error", detail: "exit status 127" },
    ]);
  });
});
