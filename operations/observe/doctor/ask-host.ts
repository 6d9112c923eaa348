import {
  type ContainerJson,
  type ListedContainer,
  listContainers,
  nameOf,
} from "../../docker/engine/containers";
import { type Engine, REQUESTS_AT_ONCE } from "../../docker/engine/engine";
import { EngineFailure, ifAnswered } from "../../docker/engine/engine-failure";
import { inspectContainers } from "../../docker/engine/inspect-containers";
import { inspectImage } from "../../docker/engine/images";
import { type InfoJson, readInfo } from "../../docker/engine/info";
import { readLog } from "../../docker/engine/logs";
import { inspectNetwork } from "../../docker/engine/networks";
import { inspectVolume } from "../../docker/engine/volumes";
import pMap from "p-map";
import { askSystem } from "./host-shell";
import type {
  ContainerInspection,
  EngineInspection,
  HostInspection,
  PublishedPort,
  SilentContainer,
  Unreachable,
} from "./inspection";
import { isUnreachable } from "./inspection";

/** What the environment wants on a Docker host. */
export type Wanted = Pick<HostInspection, "host" | "dataPath" | "images" | "containers" | "subnet"> & {
  readonly network: string;
};

export interface HostAnswer {
  readonly inspection: HostInspection;
  /** Its containers of the names that were asked for; undefined where the engine did not answer. */
  readonly containers?: ReadonlyMap<string, ContainerInspection | SilentContainer>;
}

/** How much longer a Docker host may take. In milliseconds, at least 1. */
export type Remaining = () => number;

/** Asks one Docker host about its engine, its server and the containers that belong on it. */
export async function askHost(docker: Engine, wanted: Wanted, remaining: Remaining): Promise<HostAnswer> {
  const { network, ...declared } = wanted;
  const engine = await askEngine(docker, remaining);
  if (isUnreachable(engine)) return { inspection: { ...declared, engine } };
  const [containers, published, presentImages, ownNetwork, system] = await Promise.all([
    askContainers(docker, wanted.containers, engine.skew, remaining),
    askPublished(docker, remaining),
    askImages(docker, wanted.images, remaining),
    askNetwork(docker, network, remaining),
    askDirectories(docker, wanted, remaining).then((paths) =>
      askSystem(wanted.host, [engine.dataRoot, ...paths], {
        env: docker.caller.env,
        timeout: remaining(),
      }),
    ),
  ]);
  return {
    inspection: { ...declared, engine, system, published, presentImages, network: ownNetwork },
    containers,
  };
}

/**
 * The directories behind the volumes of a host with a `dataPath`. A volume that is there stays where it is, whatever the
 * environment says later.
 */
async function askDirectories(
  docker: Engine,
  { dataPath, containers }: Wanted,
  remaining: Remaining,
): Promise<string[]> {
  if (dataPath === undefined) return [];
  const names = containers.flatMap((container) => [container, `${container}-archive`]);
  const volumes = await pMap(
    names,
    async (name) => {
      const volume = await ifAnswered(inspectVolume(docker, name, remaining()));
      return volume === undefined ? [] : [[name, volume.Options?.["device"]] as const];
    },
    { concurrency: REQUESTS_AT_ONCE },
  );
  const devices = new Map(volumes.flat());
  return names.flatMap((name) => {
    const device = devices.has(name) ? devices.get(name) : `${dataPath}/${name}`;
    return device === undefined || device === "" ? [] : [device];
  });
}

async function askEngine(docker: Engine, remaining: Remaining): Promise<EngineInspection | Unreachable> {
  const timeout = remaining();
  try {
    // It opens the connection, which would count as the engine's own time.
    await docker.check(timeout);
    const before = Date.now();
    const info = await readInfo(docker, remaining());
    return engineOf(info, before, Date.now());
  } catch (error) {
    if (!(error instanceof EngineFailure)) return { unreachable: (error as Error).message };
    const { code, said } = error;
    return {
      unreachable: code === "timeout" ? `no answer in ${Math.round(timeout / 1000)} s` : said,
      code,
    };
  }
}

function engineOf(info: InfoJson, before: number, after: number): EngineInspection {
  return {
    version: info.ServerVersion,
    os: info.OSType,
    architecture: info.Architecture,
    dataRoot: info.DockerRootDir,
    skew: Math.round(Date.parse(info.SystemTime) - (before + after) / 2),
    tolerance: Math.ceil((after - before) / 2),
  };
}

async function askContainers(
  docker: Engine,
  names: readonly string[],
  skew: number,
  remaining: Remaining,
): Promise<HostAnswer["containers"]> {
  const answered = await ifAnswered(inspectContainers(docker, names, remaining()));
  if (answered === undefined) return undefined;
  const { found, silent } = answered;
  const describe = async (json: ContainerJson): Promise<[string, ContainerInspection]> => {
    const container = containerOf(json, Date.now() + skew);
    const well =
      container.status === "running" && container.health !== "unhealthy" && container.restarts === 0;
    const lastLine = well ? undefined : await askLastLine(docker, json.Id, remaining);
    return [nameOf(json), { ...container, lastLine }];
  };
  return new Map<string, ContainerInspection | SilentContainer>([
    ...(await pMap(found.values(), describe, { concurrency: REQUESTS_AT_ONCE })),
    ...[...silent].map(([name, { State }]): [string, SilentContainer] => [name, { listed: State }]),
  ]);
}

function containerOf(
  { Config, State, HostConfig, RestartCount, NetworkSettings }: ContainerJson,
  now: number,
): ContainerInspection {
  return {
    status: State.Status,
    image: Config.Image,
    health: State.Health?.Status,
    healthOutput: State.Health?.Log?.at(-1)?.Output.replace(/\s+/g, " ").trim(),
    exitCode: State.ExitCode,
    outOfMemory: State.OOMKilled,
    restarts: RestartCount,
    startedAt: State.StartedAt,
    upFor: now - Date.parse(State.StartedAt),
    memory: HostConfig.Memory,
    error: State.Error,
    ports: (NetworkSettings.Ports?.["5432/tcp"] ?? []).map(({ HostIp, HostPort }) => ({
      ip: HostIp,
      port: Number(HostPort),
    })),
  };
}

async function askLastLine(
  docker: Engine,
  container: string,
  remaining: Remaining,
): Promise<string | undefined> {
  const log = await ifAnswered(readLog(docker, container, { tail: 40, timeout: remaining() }));
  return log === undefined ? undefined : lastTellingLine(`${log.stdout}\n${log.stderr}`);
}

/** The last line of a log that tells of a failure, else the last one. */
export function lastTellingLine(log: string): string | undefined {
  const lines = log.split("\n").map((line) => line.trim());
  const told = lines.filter((line) => line !== "");
  return told.findLast((line) => /\b(FATAL|PANIC|ERROR|[Ee]rror|No space left)\b/.test(line)) ?? told.at(-1);
}

async function askPublished(docker: Engine, remaining: Remaining): Promise<PublishedPort[] | undefined> {
  const running = await ifAnswered(listContainers(docker, { all: false, timeout: remaining() }));
  return running === undefined ? undefined : publishedBy(running);
}

/** The ports that containers publish on their server. */
export function publishedBy(
  containers: readonly Pick<ListedContainer, "Names" | "Ports">[],
): PublishedPort[] {
  return containers.flatMap(({ Names: [name = ""], Ports }) =>
    Ports.flatMap(({ IP, PublicPort }) =>
      IP === undefined || PublicPort === undefined
        ? []
        : [{ container: nameOf({ Name: name }), ip: IP, port: PublicPort }],
    ),
  );
}

async function askImages(
  docker: Engine,
  images: readonly string[],
  remaining: Remaining,
): Promise<string[] | undefined> {
  const present = pMap(
    images,
    async (image) => ((await inspectImage(docker, image, remaining())) === undefined ? [] : [image]),
    { concurrency: REQUESTS_AT_ONCE },
  );
  return (await ifAnswered(present))?.flat();
}

async function askNetwork(
  docker: Engine,
  name: string,
  remaining: Remaining,
): Promise<HostInspection["network"]> {
  const network = await ifAnswered(inspectNetwork(docker, name, remaining()));
  if (network === undefined) return undefined;
  const subnets = (network.IPAM.Config ?? []).flatMap(({ Subnet }) => (Subnet === undefined ? [] : [Subnet]));
  return { id: network.Id, subnets };
}
