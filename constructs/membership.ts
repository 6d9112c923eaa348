import { Resource } from "@cdktf/provider-null/lib/resource";
import { Construct } from "constructs";
import type { CitusNode } from "./citus-node";
import type { Program } from "./program";
import { pinAddress, referenceTo } from "./terraform-address";

/**
 * One instance for every node's id. A worker's id that is dropped is drained and removed from the cluster before Terraform
 * destroys its container and volume, and a drain that fails stops the apply with both in place. The coordinator's id is
 * there so that neither the destroy of everything nor a move of the coordinator to another host gets past the two keys.
 *
 * Only a destroy-time provisioner: one that fails at creation would taint the instance, and a tainted instance is
 * destroyed without its provisioner (hashicorp/terraform#14403), that is, undrained. With the coordinator's id the block
 * is always there: without it, going from one worker to none would delete the block and not run it (#13549).
 */
export class Membership extends Construct {
  readonly resource: Resource;

  constructor(scope: Construct, id: string, program: Program) {
    super(scope, id);
    this.resource = new Resource(this, "resource", {
      provisioners: [
        // A destroy-time command sees nothing but literals and each.key; its text is the current configuration's, which
        // tells it which nodes stay.
        { type: "local-exec", when: "destroy", command: program.command("leave", "--node ${each.key}") },
      ],
    });
    pinAddress(this.resource, "membership");
  }

  update(nodes: readonly CitusNode[]): void {
    const ids = nodes.map(({ description }) => description.id);
    this.resource.addOverride("for_each", `\${toset(${JSON.stringify(ids)})}`);
    this.resource.dependsOn = nodes.map(({ container }) => referenceTo(container));
  }
}
