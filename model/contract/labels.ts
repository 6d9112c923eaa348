import { type Cluster, type ClusterNode, formatEndpoint } from "../cluster";

/** Labels of what is the cluster's on a Docker host: by these `pg-dist recover` finds it, also without a state. */
export const LABEL = {
  cluster: "pg-dist.cluster",
  environment: "pg-dist.environment",
  node: "pg-dist.node",
  endpoint: "pg-dist.endpoint",
} as const;

/** A container's labels. */
export function labelsOf(
  cluster: Pick<Cluster, "name" | "environment">,
  node: Pick<ClusterNode, "id" | "endpoint">,
): Record<string, string> {
  return {
    [LABEL.cluster]: cluster.name,
    [LABEL.environment]: cluster.environment,
    [LABEL.node]: node.id,
    [LABEL.endpoint]: formatEndpoint(node.endpoint),
  };
}
