import {
  type ContainerJson,
  inspectContainers,
  listContainers,
  nameOf,
} from "../../docker/engine/containers";
import type { Engine } from "../../docker/engine/engine";
import { listNetworks } from "../../docker/engine/networks";
import type { FoundContainer, FoundNetwork, Initialisation } from "./situation";

/** Docker's time for a container that was never started. */
const NEVER = "0001-01-01T00:00:00Z";

/** All containers of a Docker host. One that goes away meanwhile is left out. */
export async function inspectAll(docker: Engine): Promise<ContainerJson[]> {
  const listed = await listContainers(docker, { all: true });
  const found = await inspectContainers(
    docker,
    listed.map(({ Id }) => Id),
  );
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
