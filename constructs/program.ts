import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AssetType, Lazy, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import type { Cluster } from "../model/cluster";
import { afterSynthesis } from "./after-synthesis";

/** Beside the synthesized stack, where local-exec runs, so that it travels to a remote run. */
const CLUSTER_FILE = "cluster.json";

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
    afterSynthesis(this, (folder) => writeFileSync(join(folder, CLUSTER_FILE), this.clusterJson()));
  }

  /** The shell command of one of the program's operations. `argument` is literal text or a Terraform expression. */
  command(operation: "register" | "leave" | "guard", argument = ""): string {
    return Lazy.stringValue({
      produce: () => {
        const digest = createHash("sha256").update(this.clusterJson()).digest("hex").slice(0, 12);
        return this.line(operation, "--expect", digest, ...(argument === "" ? [] : [argument]));
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

  private clusterJson(): string {
    return `${JSON.stringify(this.cluster(), null, 2)}\n`;
  }
}

function locateBundle(): string {
  // By the package's own name: the same from its sources and from where it is installed.
  const path = require.resolve("pg-dist/program");
  if (!existsSync(path))
    throw new Error(`The program for Terraform is not built: ${path}. Run "npm run bundle".`);
  return path;
}
