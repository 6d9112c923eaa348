import type { ClusterHost, ClusterNode } from "../../../model/cluster";
import {
  type ContainerAnswer,
  describeContainer,
  readContainerStates,
  remedyFor,
} from "../../docker/container-state";
import type { Target } from "../connection/target";
import { Engine } from "../../docker/engine/engine";
import type { Explained } from "./connection-cause";

/** What Docker says of the containers of nodes: adds it to why they say nothing. */
export type Explanations = ReadonlyMap<string, (failed: Explained) => Explained>;

/**
 * Asks the servers of these nodes for their containers, each server once, within the time (in milliseconds). Never throws.
 *
 * @param labels those that are no node of the environment are passed over
 */
export async function askContainers(
  { cluster, caller }: Pick<Target, "cluster" | "caller">,
  labels: readonly string[],
  timeoutMs: number,
): Promise<Explanations> {
  if (cluster === undefined) return new Map();
  const declared = cluster.nodes.filter(({ id }) => labels.includes(id));
  const answers = cluster.hosts.map((host) => {
    const own = declared.filter((node) => node.host === host.id);
    return askHost(host, own, { environment: cluster.environment, caller, timeoutMs });
  });
  return new Map((await Promise.all(answers)).flat());
}

/** Adds to each node that says nothing what Docker says of its container. */
export function explainFailed<Node extends { readonly label: string; readonly failed?: Explained }>(
  nodes: readonly Node[],
  explanations: Explanations,
): Node[] {
  return nodes.map((node) => {
    const explain = explanations.get(node.label);
    return node.failed === undefined || explain === undefined
      ? node
      : { ...node, failed: explain(node.failed) };
  });
}

/** Less than a busy server needs for one answer, a login by ssh included, is not worth trying. In milliseconds. */
const LEAST_MS = 3000;

async function askHost(
  host: ClusterHost,
  nodes: readonly ClusterNode[],
  {
    environment,
    caller,
    timeoutMs,
  }: Pick<Target, "caller"> & { readonly environment: string; readonly timeoutMs: number },
): Promise<[string, (failed: Explained) => Explained][]> {
  if (nodes.length === 0) return [];
  const docker = new Engine(host, caller);
  try {
    const names = nodes.map(({ container }) => container);
    const states = await readContainerStates(docker, names, Math.max(timeoutMs, LEAST_MS));
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
  docker: Engine,
  at: { readonly container: string; readonly environment: string },
): Explained {
  // A container that runs explains nothing: then it is the network, or the server in it.
  const up = "status" in state && state.status === "running" && state.health !== "unhealthy";
  return {
    what: `${failed.what}; its container ${at.container} ${describeContainer(state)}`,
    remedy: up || "unknown" in state ? failed.remedy : remedyFor(state, docker, at),
  };
}
