import type { ClusterHost, ClusterNode } from "../../environments/cluster";
import {
  type ContainerAnswer,
  describeContainer,
  readContainerStates,
  remedyFor,
} from "../commands/container-state";
import type { Target } from "../commands/target";
import { DockerHost } from "../docker-host";
import type { Explained } from "../registration/connection-cause";

/** Adds to each node that says nothing what Docker on its server says of its container; each server is asked once. */
export async function explainContainers<Node extends { label: string; failed?: Explained }>(
  { cluster, env, timeoutMs }: Pick<Target, "cluster" | "env" | "timeoutMs">,
  nodes: readonly Node[],
): Promise<Node[]> {
  if (cluster === undefined) return [...nodes];
  const failed = nodes.filter((node) => node.failed !== undefined).map(({ label }) => label);
  const declared = cluster.nodes.filter(({ id }) => failed.includes(id));
  const explanations = new Map<string, (failed: Explained) => Explained>();
  await Promise.all(
    cluster.hosts.map(async (host) => {
      const own = declared.filter((node) => node.host === host.id);
      for (const [id, explain] of await askHost(host, own, cluster.environment, { env, timeoutMs }))
        explanations.set(id, explain);
    }),
  );
  return nodes.map((node) => {
    const explain = explanations.get(node.label);
    return node.failed === undefined || explain === undefined
      ? node
      : { ...node, failed: explain(node.failed) };
  });
}

async function askHost(
  host: ClusterHost,
  nodes: readonly ClusterNode[],
  environment: string,
  { env, timeoutMs }: Pick<Target, "env" | "timeoutMs">,
): Promise<[string, (failed: Explained) => Explained][]> {
  if (nodes.length === 0) return [];
  const docker = new DockerHost(host, env);
  try {
    const names = nodes.map(({ container }) => container);
    const states = await readContainerStates(docker, names, Math.max(timeoutMs * 0.15, 2000));
    return nodes.map(({ id, container }) => {
      const state = states.get(container) ?? { missing: true };
      return [id, (failed) => explain(failed, state, docker, { container, environment })];
    });
  } finally {
    docker.close();
  }
}

function explain(
  failed: Explained,
  state: ContainerAnswer,
  docker: DockerHost,
  at: { readonly container: string; readonly environment: string },
): Explained {
  // A container that runs explains nothing: then it is the network, or the server in it.
  const up = "status" in state && state.status === "running" && state.health !== "unhealthy";
  return {
    what: `${failed.what}; its container ${at.container} ${describeContainer(state)}`,
    remedy: up || "unknown" in state ? failed.remedy : remedyFor(state, docker, at),
  };
}
