import {
  type ContainerJson,
  inspectContainers,
  listContainers as listOnEngine,
  nameOf,
} from "../../docker/engine/containers";
import type { Engine } from "../../docker/engine/engine";
import { listNetworks as listNetworksOnEngine } from "../../docker/engine/networks";
import type { FoundContainer, FoundNetwork, Initialisation } from "./situation";

/** Docker's time for a container that was never started. */
const NEVER = "0001-01-01T00:00:00Z";

/** All containers of a Docker host. One that goes away meanwhile is left out. */
export async function listContainers(docker: Engine): Promise<ContainerJson[]> {
  const listed = await listOnEngine(docker, { all: true });
  const found = await inspectContainers(
    docker,
    listed.map(({ Id }) => Id),
  );
  return [...found.values()];
}

export async function listNetworks(docker: Engine): Promise<FoundNetwork[]> {
  const networks = await listNetworksOnEngine(docker);
  return networks.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} }));
}

export function describeContainer(json: ContainerJson, initialisation: Initialisation): FoundContainer {
  return {
    id: json.Id,
    name: nameOf(json),
    labels: json.Config.Labels ?? {},
    status: json.State.Status,
    ...(json.State.StartedAt === NEVER ? {} : { startedAt: json.State.StartedAt }),
    healthy: isHealthy(json),
    volumes: json.Mounts.flatMap(({ Type, Name }) => (Type === "volume" && Name !== undefined ? [Name] : [])),
    networks: Object.keys(json.NetworkSettings.Networks),
    initialisation,
  };
}

export function isHealthy({ State }: ContainerJson): boolean {
  return State.Status === "running" && State.Health?.Status === "healthy";
}
