import { describeContainer, readContainer, remedyFor } from "../commands/container-state";
import type { Target } from "../commands/target";
import { DockerHost } from "../docker-host";
import type { Explained } from "../registration/connection-cause";

/** Adds to each node that says nothing what Docker on its server says of its container. */
export async function explainContainers<Node extends { label: string; failed?: Explained }>(
  { cluster, env, timeoutMs }: Pick<Target, "cluster" | "env" | "timeoutMs">,
  nodes: readonly Node[],
): Promise<Node[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const declared = cluster?.nodes.find(({ id }) => id === node.label);
      const host = cluster?.hosts.find(({ id }) => id === declared?.host);
      if (node.failed === undefined || declared === undefined || host === undefined) return node;
      const docker = new DockerHost(host, env);
      try {
        const state = await readContainer(docker, declared.container, Math.max(timeoutMs * 0.15, 2000));
        // A container that runs explains nothing: then it is the network, or the server in it.
        const up = "status" in state && state.status === "running" && state.health !== "unhealthy";
        return {
          ...node,
          failed: {
            what: `${node.failed.what}; its container ${declared.container} ${describeContainer(state)}`,
            remedy:
              up || "unknown" in state ? node.failed.remedy : remedyFor(state, docker, declared.container),
          },
        };
      } finally {
        docker.close();
      }
    }),
  );
}
