import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AssetType, Lazy, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import type { Cluster } from "../model/cluster";
import { CLUSTER_FILE, EXPECT, clusterDigest, clusterText } from "../model/contract/cluster-file";
import { afterSynthesis } from "./after-synthesis";

/**
 * The program that Terraform runs by local-exec: one bundled file in the stack's folder, with the cluster as JSON beside
 * it. A command names the digest of that JSON, so that a saved plan can't be applied with another cluster's file.
 */
export class Program extends Construct {
  private readonly asset: TerraformAsset;

  constructor(
    scope: Construct,
    id: string,
    private readonly cluster: () => Cluster,
  ) {
    super(scope, id);
    this.asset = new TerraformAsset(this, "pg-dist", { path: locateBundle(), type: AssetType.FILE });
    afterSynthesis(this, (folder) => writeFileSync(join(folder, CLUSTER_FILE), clusterText(this.cluster())));
  }

  /** The shell command of one of the program's operations. `argument` is literal text or a Terraform expression. */
  command(operation: "register" | "leave" | "guard", argument = ""): string {
    return Lazy.stringValue({
      produce: () => {
        return this.line(
          operation,
          EXPECT,
          clusterDigest(clusterText(this.cluster())),
          ...(argument === "" ? [] : [argument]),
        );
      },
    });
  }

  /**
   * The shell command that guards one node's container. Without the digest, which every node that joins changes: a review
   * of the synthesized stack is to show that no other container changes with it.
   */
  guardOf(id: string): string {
    return this.line("guard", "--node", id);
  }

  private line(operation: string, ...words: string[]): string {
    return ["node", this.asset.path, operation, "--cluster", CLUSTER_FILE, ...words].join(" ");
  }
}

function locateBundle(): string {
  // By the package's own name: the same from its sources and from where it is installed.
  const path = require.resolve("pg-dist/program");
  if (!existsSync(path))
    throw new Error(`The program for Terraform is not built: ${path}. Run "npm run bundle".`);
  return path;
}
