import type { DockerHost } from "../../docker/docker-host";
import type { FoundContainer, FoundNetwork, Initialisation } from "./situation";

/** What `docker inspect` says of a container, as far as it is needed. */
export interface ContainerJson {
  readonly Id: string;
  readonly Name: string;
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>> | null;
    readonly Env: readonly string[] | null;
  };
  readonly State: {
    readonly Status: string;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string };
  };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> };
}

interface NetworkJson {
  readonly Id: string;
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

/** Docker's time for a container that was never started. */
const NEVER = "0001-01-01T00:00:00Z";

/** All containers of a Docker host. One that goes away meanwhile is left out. */
export async function listContainers(docker: DockerHost): Promise<ContainerJson[]> {
  const ids = lines(await docker.run(["ps", "--all", "--quiet", "--no-trunc"]));
  return inspect<ContainerJson>(docker, "container", ids);
}

export async function listNetworks(docker: DockerHost): Promise<FoundNetwork[]> {
  const ids = lines(await docker.run(["network", "ls", "--quiet", "--no-trunc"]));
  const networks = await inspect<NetworkJson>(docker, "network", ids);
  return networks.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} }));
}

export async function listVolumes(docker: DockerHost): Promise<string[]> {
  return lines(await docker.run(["volume", "ls", "--quiet"]));
}

export function describeContainer(json: ContainerJson, initialisation: Initialisation): FoundContainer {
  return {
    id: json.Id,
    name: json.Name.replace(/^\//, ""),
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

/** When a container was last started, and whether it is healthy now; undefined when it is gone. */
export async function inspectContainer(docker: DockerHost, id: string): Promise<ContainerJson | undefined> {
  return (await inspect<ContainerJson>(docker, "container", [id]))[0];
}

async function inspect<Json>(
  docker: DockerHost,
  kind: "container" | "network",
  ids: readonly string[],
): Promise<Json[]> {
  if (ids.length === 0) return [];
  const args = [kind, "inspect", ...ids];
  const result = await docker.try(args);
  // What is gone by now makes the exit code 1, and the others are listed all the same.
  const others = lines(result.stderr).filter((line) => !/no such|not found/i.test(line));
  if (result.code !== 0 && (others.length > 0 || result.stdout.trim() === ""))
    throw docker.failure(args, result);
  return JSON.parse(result.stdout) as Json[];
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
