import { volumesOf } from "../model/contract/volumes";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../model/cluster";
import { local } from "../environments/local";
import { EXIT, Failure } from "../operations/base/failure";
import { engineGet } from "../testbed/engine";

/** What is there of the cluster, by the state of this checkout and by the engine. */
export interface Inventory {
  /** Whether this checkout's Terraform state holds anything. */
  readonly inState: boolean;
  /** Port on which the coordinator's container is published, running or not. */
  readonly port: number | undefined;
  /** Whether the cluster's network is there, and the state knows it. */
  readonly knowsNetwork: boolean;
  /** Things with the cluster's names that the state doesn't know: `container citus-worker1`. */
  readonly strangers: readonly string[];
}

interface StateFile {
  readonly resources?: readonly {
    readonly type: string;
    readonly instances: readonly { readonly attributes: { readonly id?: string } }[];
  }[];
}

/** The state of environment `local`, as its backend names it (stacks/backend.ts). */
export function stateOfLocal(root: string): string {
  const { backend } = local;
  if (backend !== undefined && backend.type !== "local") {
    throw new Failure(
      `environments/local.ts keeps its state in ${backend.type}`,
      "quickstart is for a state in this checkout: use npx cdktf deploy local",
      { exitCode: EXIT.usage },
    );
  }
  return join(root, backend?.path ?? `state/${local.name}.tfstate`);
}

/** Ids of what a Terraform state of format 4 holds, by type of resource. Empty without a file. */
export function readStateIds(file: string): ReadonlyMap<string, ReadonlySet<string>> {
  let state: StateFile;
  try {
    state = JSON.parse(readFileSync(file, "utf8")) as StateFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  const ids = new Map<string, Set<string>>();
  for (const { type, instances } of state.resources ?? []) {
    const known = ids.get(type) ?? new Set();
    for (const { attributes } of instances) if (attributes.id !== undefined) known.add(attributes.id);
    ids.set(type, known);
  }
  return ids;
}

/** @param socketPath of the engine that the environment uses */
export async function takeInventory(
  cluster: Cluster,
  stateIds: ReadonlyMap<string, ReadonlySet<string>>,
  socketPath: string,
): Promise<Inventory> {
  const get = async <Body>(path: string, parameters: Record<string, string> = {}): Promise<Body> => {
    const { status, body } = await engineGet(`${path}?${new URLSearchParams(parameters).toString()}`, {
      socketPath,
    });
    if (status !== 200) throw new Failure(`the Docker engine answers HTTP ${status} to ${path}`, body.trim());
    return JSON.parse(body) as Body;
  };
  const names = new Set(cluster.nodes.map(({ container }) => container));
  const volumeNames = new Set([...names].flatMap(volumesOf));

  const all = await get<{ Id: string; Names: string[] }[]>("/containers/json", { all: "true" });
  const containers = all
    .map(({ Id, Names }) => ({ id: Id, name: (Names[0] ?? "").slice(1) }))
    .filter(({ name }) => names.has(name));
  const networks = await get<{ Id: string; Name: string }[]>("/networks");
  const { Volumes } = await get<{ Volumes: { Name: string }[] | null }>("/volumes");
  const isStranger = (type: string, id: string) => !stateIds.get(type)?.has(id);

  const coordinator = containers.find(({ name }) => name === cluster.nodes[0]?.container);
  return {
    inState: [...stateIds.values()].some(({ size }) => size > 0),
    port:
      coordinator === undefined ? undefined : publishedPort(await get(`/containers/${coordinator.id}/json`)),
    knowsNetwork: networks.some(({ Id, Name }) => Name === cluster.name && !isStranger("docker_network", Id)),
    strangers: [
      ...containers
        .filter(({ id }) => isStranger("docker_container", id))
        .map(({ name }) => `container ${name}`),
      ...networks
        .filter(({ Id, Name }) => Name === cluster.name && isStranger("docker_network", Id))
        .map(({ Name }) => `network ${Name}`),
      ...(Volumes ?? [])
        .filter(({ Name }) => volumeNames.has(Name) && isStranger("docker_volume", Name))
        .map(({ Name }) => `volume ${Name}`),
    ],
  };
}

interface ContainerPorts {
  readonly HostConfig: { readonly PortBindings?: Record<string, { HostPort: string }[] | null> | null };
}

function publishedPort({ HostConfig }: ContainerPorts): number | undefined {
  const binding = Object.values(HostConfig.PortBindings ?? {}).flatMap((bindings) => bindings ?? [])[0];
  return binding === undefined ? undefined : Number(binding.HostPort);
}
