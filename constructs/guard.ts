import type { Construct } from "constructs";
import { type ClusterOptions, describeOptions } from "../model/cluster";
import type { CitusNode } from "./citus-node";
import type { Program } from "./program";
import { ownStartupTriggers, sharedStartupTriggers } from "./startup-triggers";
import { Step } from "./step";

/**
 * Stands between an edit of the image, of start-up settings or of the cluster's name and the containers that it would
 * replace, all in parallel. Replaced itself by such an edit, it runs before the first container goes, and refuses what must
 * not happen: another PostgreSQL major or an older version on existing data, new and empty volumes under a new name,
 * several nodes at once without the environment saying so; and another superuser or database, which a volume gets only
 * when it is initialised. A node that joins or leaves with settings of its own sets it off too, and it finds nothing.
 *
 * Only a destroy-time provisioner, like `Membership`, so that it can't be tainted.
 */
export class Guard extends Step {
  constructor(
    scope: Construct,
    id: string,
    program: Program,
    options: ClusterOptions,
    nodes: () => readonly CitusNode[],
  ) {
    const { name: cluster, user, database } = describeOptions(options);
    super(scope, id, {
      nodes,
      triggers: (all) => ({
        ...{ cluster, user, database },
        ...sharedStartupTriggers(options),
        ...ownStartupTriggers(options, all),
      }),
      provisioner: { type: "local-exec", when: "destroy", command: program.command("guard") },
    });
  }
}
