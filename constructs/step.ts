import { Resource, type ResourceConfig } from "@cdktf/provider-null/lib/resource";
import { Lazy, Token } from "cdktf";
import { Construct } from "constructs";
import type { CitusNode } from "./citus-node";
import { pinAddress, referenceTo } from "./terraform-address";

export interface StepProps {
  /** All nodes of the cluster. Asked at synth, when every worker host has been declared. */
  readonly nodes: () => readonly CitusNode[];
  readonly provisioner: NonNullable<Extract<ResourceConfig["provisioners"], readonly unknown[]>>[number];
  /** A change of one of these replaces the step, that is, runs it. @default - it has none */
  readonly triggers?: (nodes: readonly CitusNode[]) => Record<string, string>;
  /** Steps that come before, beside the containers of all nodes. */
  readonly after?: readonly Step[];
}

/** What Terraform runs for the cluster as a whole, once its containers are there: a null_resource named as the step. */
export class Step extends Construct {
  protected readonly resource: Resource;

  constructor(scope: Construct, id: string, { nodes, provisioner, triggers, after = [] }: StepProps) {
    super(scope, id);
    this.resource = new Resource(this, "resource", {
      provisioners: [provisioner],
      ...(triggers && {
        triggers: Token.asStringMap(Lazy.anyValue({ produce: () => triggers(nodes()) })),
      }),
    });
    this.resource.dependsOn = Lazy.listValue({
      produce: () => [
        ...after.map(({ resource }) => referenceTo(resource)),
        ...nodes().map(({ container }) => referenceTo(container)),
      ],
    });
    pinAddress(this.resource, id);
  }
}
