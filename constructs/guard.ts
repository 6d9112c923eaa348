import { Resource } from "@cdktf/provider-null/lib/resource";
import { Construct } from "constructs";
import { type ClusterOptions, describeOptions } from "../environments/cluster";
import type { CitusNode } from "./citus-node";
import type { Program } from "./program";
import { ownStartupTriggers, sharedStartupTriggers } from "./startup-triggers";
import { pinAddress, referenceTo } from "./terraform-address";

/**
 * Stands between an edit of the image, of start-up settings or of the cluster's name and the containers that it would
 * replace, all in parallel. Replaced itself by such an edit, it runs before the first container goes, and refuses what must
 * not happen: another PostgreSQL major or an older version on existing data, new and empty volumes under a new name,
 * several nodes at once without the environment saying so; and another superuser or database, which a volume gets only
 * when it is initialised. A node that joins or leaves with settings of its own sets it off too, and it finds nothing.
 *
 * Only a destroy-time provisioner, like `Membership`, so that it can't be tainted.
 */
export class Guard extends Construct {
  private readonly resource: Resource;

  constructor(
    scope: Construct,
    id: string,
    program: Program,
    private readonly options: ClusterOptions,
  ) {
    super(scope, id);
    this.resource = new Resource(this, "resource", {
      provisioners: [{ type: "local-exec", when: "destroy", command: program.command("guard") }],
    });
    pinAddress(this.resource, "guard");
  }

  update(nodes: readonly CitusNode[]): void {
    const { name: cluster, user, database } = describeOptions(this.options);
    this.resource.triggers = {
      cluster,
      user,
      database,
      ...sharedStartupTriggers(this.options),
      ...ownStartupTriggers(this.options, nodes),
    };
    this.resource.dependsOn = nodes.map(({ container }) => referenceTo(container));
  }
}
