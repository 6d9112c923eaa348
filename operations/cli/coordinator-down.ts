import type { Cluster } from "../../model/cluster";
import { coordinatorOf, hostOf } from "../cluster/cluster-file";
import type { CoordinatorUnreachable } from "../cluster/connection/connect";
import { Engine } from "../docker/engine/engine";
import { Failure } from "../base/failure";
import { describeContainer, readContainerState, remedyFor } from "../docker/container-state";
import type { Target } from "../cluster/connection/target";

/** The failure to reach the coordinator, with what Docker on its server says of its container. */
export async function explainDown(
  error: CoordinatorUnreachable,
  cluster: Cluster,
  { caller, timeoutMs }: Pick<Target, "caller" | "timeoutMs">,
): Promise<Failure> {
  const { container, host } = coordinatorOf(cluster);
  const docker = new Engine(hostOf(cluster, coordinatorOf(cluster)), caller);
  try {
    const state = await readContainerState(docker, container, Math.max(timeoutMs * 0.3, 3000));
    return new Failure(
      `${error.summary}; its container ${container} on ${host} ${describeContainer(state)}`,
      remedyFor(state, docker, { container, environment: cluster.environment }),
      { detail: error.detail, cause: error },
    );
  } finally {
    docker.close();
  }
}
