import pMap from "p-map";
import type { ClusterHost, ClusterNode } from "../../../model/cluster";
import { LABEL } from "../../../model/contract/labels";
import type { Caller } from "../../base/caller/caller";
import { Deadline } from "../../base/deadline";
import { Failure } from "../../base/failure";
import type { Explained } from "../../cluster/nodes/connection-cause";
import {
  describeContainer,
  explainSilent,
  readContainerStates,
  remedyFor,
} from "../../docker/container-state";
import {
  type ContainerJson,
  type ListedContainer,
  listContainers,
  listedName,
  nameOf,
} from "../../docker/engine/containers";
import { Engine, REQUESTS_AT_ONCE } from "../../docker/engine/engine";
import { inspectListed } from "../../docker/engine/inspect-containers";
import { type ImageJson, inspectImage } from "../../docker/engine/images";
import { type NetworkJson, inspectNetwork } from "../../docker/engine/networks";
import { type VolumeJson, listVolumes } from "../../docker/engine/volumes";

/** What a Docker host has of the cluster, and on its network. */
export interface HostFacts {
  readonly host: ClusterHost;
  /** With the name of a node, with the cluster's labels, or on its network; by name. */
  readonly containers: ReadonlyMap<string, ContainerJson>;
  /** Why a node's container doesn't serve, by its name: it is missing, or doesn't run. */
  readonly down: ReadonlyMap<string, Explained>;
  /** Those of the containers about which the engine gives no answer, by name, with their state by its list. */
  readonly silent: ReadonlyMap<string, Explained & { readonly listed: string }>;
  /** By the names that are declared, and by the ids of those that the nodes' containers were made of. */
  readonly images: ReadonlyMap<string, ImageJson>;
  readonly network?: NetworkJson;
  readonly volumes: readonly VolumeJson[];
}

/** A Docker host, or why it says nothing. */
export type HostAnswer = HostFacts | { readonly host: ClusterHost; readonly unknown: Explained };

export interface AskedOfHost {
  readonly host: ClusterHost;
  /** Its nodes. */
  readonly nodes: readonly ClusterNode[];
  /** Name of the cluster, and of its network. */
  readonly cluster: string;
  readonly environment: string;
}

/** @param timeoutMs for all of it. Never throws for a host that doesn't answer */
export async function readHost(asked: AskedOfHost, caller: Caller, timeoutMs: number): Promise<HostAnswer> {
  const docker = new Engine(asked.host, caller);
  try {
    return await read(docker, asked, Deadline.in(timeoutMs));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { host: asked.host, unknown: { what: error.summary, remedy: error.remedy } };
  } finally {
    docker.close();
  }
}

async function read(docker: Engine, asked: AskedOfHost, deadline: Deadline): Promise<HostFacts> {
  const { host, nodes, cluster, environment } = asked;
  const left = () => deadline.left(1);
  const listed = (await listContainers(docker, { all: true, timeout: left() })).filter((container) =>
    concerns(container, asked),
  );
  const inspected = await inspectListed(docker, listed, left());
  const containers = new Map([...inspected.found.values()].map((json) => [nameOf(json), json]));
  const silent = new Map(
    [...inspected.silent.values()].map((container) => {
      const name = listedName(container);
      const { what, remedy } = explainSilent(container, docker, name);
      return [name, { listed: container.State, what: `its container ${name} ${what}`, remedy }];
    }),
  );
  const down = nodes
    .map(({ container }) => container)
    .filter((name) => !silent.has(name) && containers.get(name)?.State.Status !== "running");
  const [states, images, network, volumes] = await Promise.all([
    readContainerStates(docker, down, left()),
    readImages(docker, imagesOf(nodes, containers), left),
    inspectNetwork(docker, cluster, left()),
    listVolumes(docker, left()),
  ]);
  return {
    ...{ host, containers, silent, images, volumes },
    ...(network === undefined ? {} : { network }),
    down: new Map(
      [...states].map(([container, state]) => [
        container,
        {
          what: `its container ${container} ${describeContainer(state)}`,
          remedy: remedyFor(state, docker, { container, environment }),
        },
      ]),
    ),
  };
}

function concerns({ Names, Labels, NetworkSettings }: ListedContainer, asked: AskedOfHost): boolean {
  return (
    Names.some((name) => asked.nodes.some(({ container }) => name === `/${container}`)) ||
    Labels?.[LABEL.cluster] === asked.cluster ||
    Object.keys(NetworkSettings?.Networks ?? {}).includes(asked.cluster)
  );
}

function imagesOf(nodes: readonly ClusterNode[], containers: HostFacts["containers"]): string[] {
  return [
    ...new Set(nodes.flatMap(({ image, container }) => [image, containers.get(container)?.Image ?? image])),
  ];
}

async function readImages(
  docker: Engine,
  names: readonly string[],
  left: () => number,
): Promise<Map<string, ImageJson>> {
  const found = await pMap(
    names,
    async (name) => {
      const image = await inspectImage(docker, name, left());
      return image === undefined ? [] : [[name, image] as const];
    },
    { concurrency: REQUESTS_AT_ONCE },
  );
  return new Map(found.flat());
}
