import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import type { CitusNode } from "./citus-node";
import type { Program } from "./program";
import { Step } from "./step";

/**
 * One instance for every node's id. A worker's id that is dropped is drained and removed from the cluster before Terraform
 * destroys its container and volume, and a drain that fails stops the apply with both in place. The coordinator's id is
 * there so that neither the destroy of everything nor a move of the coordinator to another host gets past the two keys.
 *
 * Only a destroy-time provisioner: one that fails at creation would taint the instance, and a tainted instance is
 * destroyed without its provisioner (hashicorp/terraform#14403), that is, undrained. With the coordinator's id the block
 * is always there: without it, going from one worker to none would delete the block and not run it (#13549).
 */
export class Membership extends Step {
  constructor(scope: Construct, id: string, program: Program, nodes: () => readonly CitusNode[]) {
    // A destroy-time command sees nothing but literals and each.key; its text is the current configuration's, which tells it
    // which nodes stay.
    const command = program.command("leave", "--node ${each.key}");
    super(scope, id, { nodes, provisioner: { type: "local-exec", when: "destroy", command } });
    const ids = () => nodes().map(({ description }) => description.id);
    this.resource.addOverride(
      "for_each",
      Lazy.stringValue({ produce: () => `\${toset(${JSON.stringify(ids())})}` }),
    );
  }
}
