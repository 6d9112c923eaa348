import { Resource } from "@cdktf/provider-null/lib/resource";
import { Construct } from "constructs";
import { type ClusterOptions, describeOptions, formatEndpoint } from "../environments/cluster";
import type { CitusNode } from "./citus-node";
import { escapeTemplate } from "./escape-template";
import type { Membership } from "./membership";
import type { Program } from "./program";
import { ownStartupTriggers, sharedStartupTriggers } from "./startup-triggers";
import { pinAddress, referenceTo } from "./terraform-address";

/**
 * Reconciles the whole list of nodes with the coordinator and verifies it, whenever an endpoint, the image or a start-up
 * setting changed or a container was created. A failed or killed run is repaired by the next apply: this resource is
 * tainted, holds nothing and has no destroy-time step.
 */
export class Registration extends Construct {
  private readonly resource: Resource;

  constructor(
    scope: Construct,
    id: string,
    program: Program,
    private readonly membership: Membership,
    private readonly options: ClusterOptions,
  ) {
    super(scope, id);
    this.resource = new Resource(this, "resource", {
      provisioners: [{ type: "local-exec", command: program.command("register") }],
    });
    pinAddress(this.resource, "registration");
  }

  /** By their names alone: a password in a trigger would be in the state and in every plan. */
  private roles(): Record<string, string> {
    const { roles = [] } = describeOptions(this.options);
    return roles.length === 0 ? {} : { roles: escapeTemplate([...roles].sort().join(", ")) };
  }

  update(nodes: readonly CitusNode[]): void {
    // After membership: nodes that leave are gone before the list is verified.
    this.resource.dependsOn = [
      referenceTo(this.membership.resource),
      ...nodes.map(({ container }) => referenceTo(container)),
    ];
    this.resource.triggers = {
      ...sharedStartupTriggers(this.options),
      ...ownStartupTriggers(this.options, nodes),
      ...this.roles(),
      ...Object.fromEntries(
        nodes.flatMap(({ description, container }) => [
          [description.id, formatEndpoint(description.endpoint)],
          // Not replace_triggered_by: that overlooks a container which was deleted by hand and is created again.
          [`container of ${description.id}`, `\${substr(${referenceTo(container)}.id, 0, 12)}`],
        ]),
      ),
    };
  }
}
