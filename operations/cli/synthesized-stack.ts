import { join } from "node:path";
import type { Cluster } from "../../model/cluster";
import { CLUSTER_FILE } from "../../model/contract/cluster-file";
import type { Caller } from "../base/caller/caller";
import type { Progress } from "../base/progress";
import { readCluster } from "../cluster/cluster-file";
import type { Project } from "../terraform/project";
import { type StackJson, readStackFile, requireVariables, requiredVariables } from "../terraform/stack-file";
import { synthesize } from "../terraform/synthesize";

/** An environment's stack, for which Terraform has all its variables. */
export interface SynthesizedStack {
  /** Where Terraform runs. */
  readonly folder: string;
  /** Its `cluster.json`: the cluster as it is wanted. */
  readonly cluster: Cluster;
  /** Its `cdk.tf.json`. */
  readonly stack: StackJson;
}

/**
 * @param environment the environment's name, which is the stack's
 * @throws Failure, also for a variable that the process environment lacks
 */
export async function synthesizeStack(
  project: Project,
  environment: string,
  { env }: Pick<Caller, "env">,
  progress: Progress,
): Promise<SynthesizedStack> {
  progress("synthesizing");
  const folder = await synthesize(project, environment, env);
  const cluster = readCluster(join(folder, CLUSTER_FILE));
  const stack = readStackFile(folder);
  requireVariables(requiredVariables(stack), env);
  return { folder, cluster, stack };
}
