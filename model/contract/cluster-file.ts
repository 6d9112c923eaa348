import { createHash } from "node:crypto";
import type { Cluster } from "../cluster";

/** Beside the synthesized stack, where local-exec runs, so that it travels to a remote run. */
export const CLUSTER_FILE = "cluster.json";

/** The option by which a step of Terraform says of which file it was planned. */
export const EXPECT = "--expect";

/** Digits of the SHA-256 that stand in Terraform's command and plan. */
const DIGEST_LENGTH = 12;

/** The file's text. A program of an earlier version may read it: fields are added, never renamed. */
export function clusterText(cluster: Cluster): string {
  return `${JSON.stringify(cluster, null, 2)}\n`;
}

/** The first 12 hex digits of the SHA-256 of the file's bytes. */
export function clusterDigest(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex").slice(0, DIGEST_LENGTH);
}
