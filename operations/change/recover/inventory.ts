import { Failure } from "../../base/failure";
import { explainSilent } from "../../docker/container-state";
import { type ContainerJson, listContainers, listedName, nameOf } from "../../docker/engine/containers";
import { ANSWER_MS, type Engine } from "../../docker/engine/engine";
import { inspectListed } from "../../docker/engine/inspect-containers";
import { listNetworks } from "../../docker/engine/networks";
import type { FoundContainer, FoundNetwork, Initialisation } from "./situation";

/** Docker's time for a container that was never started. */
const NEVER = "0001-01-01T00:00:00Z";

/**
 * All containers of a Docker host. One that goes away meanwhile is left out.
 *
 * @param timeout for the list, and again for all that it names, in milliseconds
 * @throws Failure also where one alone gives no answer: what is on its volumes and networks decides what may be removed
 */
export async function inspectAll(docker: Engine, timeout = ANSWER_MS): Promise<ContainerJson[]> {
  const listed = await listContainers(docker, { all: true, timeout });
  const { found, silent } = await inspectListed(docker, listed, timeout);
  const [container] = silent.values();
  if (container !== undefined) {
    const name = listedName(container);
    const { what, remedy } = explainSilent(container, docker, name);
    throw new Failure(`its container ${name} ${what}`, remedy);
  }
  return [...found.values()];
}

export async function findNetworks(docker: Engine): Promise<FoundNetwork[]> {
  const networks = await listNetworks(docker);
  return networks.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} }));
}

export function describeContainer(json: ContainerJson, initialisation: Initialisation): FoundContainer {
  return {
    id: json.Id,
    name: nameOf(json),
    labels: json.Config.Labels ?? {},
    status: json.State.Status,
    ...(json.State.StartedAt === NEVER ? {} : { startedAt: json.State.StartedAt }),
    healthy: isContainerHealthy(json),
    volumes: json.Mounts.flatMap(({ Type, Name }) => (Type === "volume" && Name !== undefined ? [Name] : [])),
    networks: Object.keys(json.NetworkSettings.Networks),
    initialisation,
  };
}

export function isContainerHealthy({ State }: ContainerJson): boolean {
  return State.Status === "running" && State.Health?.Status === "healthy";
}
