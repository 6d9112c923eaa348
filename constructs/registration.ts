import type { Construct } from "constructs";
import { type ClusterOptions, describeOptions, formatEndpoint } from "../model/cluster";
import type { CitusNode } from "./citus-node";
import { escapeTemplate } from "./escape-template";
import type { Membership } from "./membership";
import type { Program } from "./program";
import { ownStartupTriggers, sharedStartupTriggers } from "./startup-triggers";
import { Step } from "./step";
import { referenceTo } from "./terraform-address";

/**
 * Reconciles the whole list of nodes with the coordinator and verifies it, whenever an endpoint, the image or a start-up
 * setting changed or a container was created. A failed or killed run is repaired by the next apply: this resource is
 * tainted, holds nothing and has no destroy-time step.
 */
export class Registration extends Step {
  constructor(
    scope: Construct,
    id: string,
    program: Program,
    membership: Membership,
    options: ClusterOptions,
    nodes: () => readonly CitusNode[],
  ) {
    super(scope, id, {
      nodes,
      // Nodes that leave are gone before the list is verified.
      after: [membership],
      triggers: (all) => ({
        ...sharedStartupTriggers(options),
        ...ownStartupTriggers(options, all),
        ...roles(options),
        ...endpointsAndContainers(all),
      }),
      provisioner: { type: "local-exec", command: program.command("register") },
    });
  }
}

/** By their names alone: a password in a trigger would be in the state and in every plan. */
function roles(options: ClusterOptions): Record<string, string> {
  const { roles: names = [] } = describeOptions(options);
  return names.length === 0 ? {} : { roles: escapeTemplate([...names].sort().join(", ")) };
}

function endpointsAndContainers(nodes: readonly CitusNode[]): Record<string, string> {
  return Object.fromEntries(
    nodes.flatMap(({ description, container }) => [
      [description.id, formatEndpoint(description.endpoint)],
      // Not replace_triggered_by: that overlooks a container which was deleted by hand and is created again.
      [`container of ${description.id}`, `\${substr(${referenceTo(container)}.id, 0, 12)}`],
    ]),
  );
}
