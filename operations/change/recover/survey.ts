import type { Cluster } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { Failure, oneLine } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { Engine } from "../../docker/engine/engine";
import { describeStatus } from "../../docker/container-state";
import { listVolumes } from "../../docker/engine/volumes";
import { followInitialisation } from "./initialisation";
import { describeContainer, findNetworks, inspectAll } from "./inventory";
import { type Asked, askCoordinator } from "./ask-coordinator";
import type { Declared, FoundContainer, HostInventory } from "./situation";
import { LABEL } from "../../../model/contract/labels";

/** What is on a Docker host; why not, when it can't be asked. */
export async function surveyHost(
  docker: Engine,
  cluster: Cluster,
  progress: Progress,
): Promise<HostInventory> {
  try {
    await docker.check();
    const found = await inspectAll(docker);
    const containers = await Promise.all(
      found.map(async (json): Promise<FoundContainer[]> => {
        const ours =
          json.Config.Labels?.[LABEL.cluster] === cluster.name &&
          json.Config.Labels[LABEL.environment] === cluster.environment;
        if (!ours) return [describeContainer(json, "unknown")];
        const followed = await followInitialisation(docker, json, cluster, progress);
        return followed === undefined ? [] : [describeContainer(followed.json, followed.initialisation)];
      }),
    );
    return {
      host: docker.id,
      containers: containers.flat(),
      networks: await findNetworks(docker),
      volumes: (await listVolumes(docker)).map(({ Name }) => Name),
    };
  } catch (error) {
    const cause =
      error instanceof Failure
        ? { unreachable: error.summary, remedy: error.remedy }
        : { unreachable: oneLine(error) };
    return { host: docker.id, ...cause, containers: [], networks: [], volumes: [] };
  }
}

/** Asks the coordinator, unless what is on its host says already that there is nothing to ask. */
export async function surveyCoordinator(
  cluster: Cluster,
  declared: Declared,
  hosts: readonly HostInventory[],
  progress: Progress,
  caller: Caller,
): Promise<Asked> {
  const coordinator = declared.containers.find(({ role }) => role === "coordinator");
  const inventory = hosts.find(({ host }) => host === coordinator?.host);
  if (coordinator === undefined || inventory === undefined || inventory.unreachable !== undefined) {
    return askCoordinator(cluster, progress, caller);
  }
  const container = inventory.containers.find(({ name }) => name === coordinator.name);
  if (container?.initialisation === "unfinished") return { answer: { kind: "empty" } };
  if (container?.status === "running") return askCoordinator(cluster, progress, caller);
  const volume = coordinator.volumes.find((name) => inventory.volumes.includes(name));
  if (container === undefined && volume === undefined) return { answer: { kind: "absent" } };
  const cause =
    container === undefined
      ? `its container is gone and its volume ${volume ?? ""} is there`
      : `its container ${container.name} ${describeStatus(container.status)}`;
  return { answer: { kind: "silent", cause } };
}
