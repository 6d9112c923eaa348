import { COMMANDS_AT_ONCE, type DockerHost } from "../../docker/docker-host";
import { mapAtMost } from "../../base/map-at-most";
import { askSystem } from "./host-shell";
import type { ContainerSnapshot, EngineSnapshot, HostSnapshot, PublishedPort, Unreachable } from "./snapshot";
import { isUnreachable } from "./snapshot";

/** What the environment wants on a Docker host. */
export type Wanted = Pick<HostSnapshot, "host" | "dataPath" | "images" | "containers" | "subnet"> & {
  readonly network: string;
};

export interface HostAnswer {
  readonly snapshot: HostSnapshot;
  /** Its containers of the names that were asked for; undefined where the engine did not answer. */
  readonly containers?: ReadonlyMap<string, ContainerSnapshot>;
}

/** How much longer a Docker host may take. In milliseconds, at least 1. */
export type Remaining = () => number;

/** Asks one Docker host about its engine, its server and the containers that belong on it. */
export async function askHost(docker: DockerHost, wanted: Wanted, remaining: Remaining): Promise<HostAnswer> {
  const { network, ...declared } = wanted;
  const engine = await askEngine(docker, remaining);
  if (isUnreachable(engine)) return { snapshot: { ...declared, engine } };
  const [containers, published, presentImages, ownNetwork, system] = await Promise.all([
    askContainers(docker, wanted.containers, engine.skew, remaining),
    askPublished(docker, remaining),
    askImages(docker, wanted.images, remaining),
    askNetwork(docker, network, remaining),
    askDirectories(docker, wanted, remaining).then((paths) =>
      askSystem(wanted.host, [engine.dataRoot, ...paths], remaining()),
    ),
  ]);
  return {
    snapshot: { ...declared, engine, system, published, presentImages, network: ownNetwork },
    containers,
  };
}

/**
 * The directories behind the volumes of a host with a `dataPath`. A volume that is there stays where it is, whatever the
 * environment says later.
 */
async function askDirectories(
  docker: DockerHost,
  { dataPath, containers }: Wanted,
  remaining: Remaining,
): Promise<string[]> {
  if (dataPath === undefined) return [];
  const names = containers.flatMap((container) => [container, `${container}-archive`]);
  const format = '{{.Name}}\t{{index .Options "device"}}';
  const { stdout } = await docker.try(["volume", "inspect", "--format", format, ...names], remaining());
  const devices = new Map(stdout.split("\n").map((line) => line.split("\t") as [string, string | undefined]));
  return names.flatMap((name) => {
    const device = devices.has(name) ? devices.get(name) : `${dataPath}/${name}`;
    return device === undefined || device === "" ? [] : [device];
  });
}

async function askEngine(docker: DockerHost, remaining: Remaining): Promise<EngineSnapshot | Unreachable> {
  const args = ["info", "--format", "{{json .}}"];
  const before = Date.now();
  const timeout = remaining();
  try {
    const result = await docker.try(args, timeout);
    const after = Date.now();
    const info = readJson<InfoJson>(result.stdout);
    // The docker command prints what it knows of itself, and ends with 0, also where no engine answers.
    if (info?.ServerVersion) return engineOf(info, before, after);
    const why = info?.ServerErrors?.join("; ") || tellingLines(result.stderr);
    return {
      unreachable: result.timedOut
        ? `no answer in ${Math.round(timeout / 1000)} s`
        : why || `docker info ended with ${result.code}`,
    };
  } catch (error) {
    return { unreachable: (error as Error).message };
  }
}

/** Without what ssh says by the way, and the frames around its warnings. */
function tellingLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^@|^Warning: Permanently added/.test(line))
    .join("; ");
}

interface InfoJson {
  readonly ServerVersion?: string;
  readonly ServerErrors?: readonly string[];
  readonly OSType: string;
  readonly Architecture: string;
  readonly DockerRootDir: string;
  /** RFC 3339 with nanoseconds. */
  readonly SystemTime: string;
}

function engineOf(info: InfoJson, before: number, after: number): EngineSnapshot {
  return {
    version: info.ServerVersion ?? "",
    os: info.OSType,
    architecture: info.Architecture,
    dataRoot: info.DockerRootDir,
    skew: Math.round(Date.parse(info.SystemTime) - (before + after) / 2),
    tolerance: Math.ceil((after - before) / 2),
  };
}

async function askContainers(
  docker: DockerHost,
  names: readonly string[],
  skew: number,
  remaining: Remaining,
): Promise<Map<string, ContainerSnapshot> | undefined> {
  if (names.length === 0) return new Map();
  const { stdout, timedOut } = await docker.try(["container", "inspect", ...names], remaining());
  const found = readJson<ContainerJson[]>(stdout);
  if (timedOut || found === undefined) return undefined;
  const describe = async (json: ContainerJson): Promise<[string, ContainerSnapshot]> => {
    const container = containerOf(json, Date.now() + skew);
    const well =
      container.status === "running" && container.health !== "unhealthy" && container.restarts === 0;
    const lastLine = well ? undefined : await askLastLine(docker, json.Id, remaining);
    return [json.Name.replace(/^\//, ""), { ...container, lastLine }];
  };
  return new Map(await mapAtMost(COMMANDS_AT_ONCE, found, describe));
}

interface ContainerJson {
  readonly Id: string;
  readonly Name: string;
  readonly RestartCount: number;
  readonly Config: { readonly Image: string };
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Error: string;
    readonly StartedAt: string;
    readonly Health?: {
      readonly Status: string;
      readonly Log?: readonly { readonly Output: string }[] | null;
    };
  };
  readonly HostConfig: { readonly Memory: number };
  readonly NetworkSettings: {
    readonly Ports?: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>> | null;
  };
}

function containerOf(
  { Config, State, HostConfig, RestartCount, NetworkSettings }: ContainerJson,
  now: number,
): ContainerSnapshot {
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
  docker: DockerHost,
  container: string,
  remaining: Remaining,
): Promise<string | undefined> {
  const { stdout, stderr } = await docker.try(["logs", "--tail", "40", container], remaining());
  return lastTellingLine(`${stdout}\n${stderr}`);
}

/** The last line of a log that tells of a failure, else the last one. */
export function lastTellingLine(log: string): string | undefined {
  const lines = log.split("\n").map((line) => line.trim());
  const told = lines.filter((line) => line !== "");
  return told.findLast((line) => /\b(FATAL|PANIC|ERROR|[Ee]rror|No space left)\b/.test(line)) ?? told.at(-1);
}

async function askPublished(docker: DockerHost, remaining: Remaining): Promise<PublishedPort[] | undefined> {
  const { code, stdout } = await docker.try(["ps", "--format", "{{.Names}}\t{{.Ports}}"], remaining());
  return code === 0 ? readPublished(stdout) : undefined;
}

/** Reads `docker ps`: `10.0.0.1:5432->5432/tcp, :::80->80/tcp`. */
export function readPublished(text: string): PublishedPort[] {
  return text.split("\n").flatMap((line) => {
    const [container = "", ports = ""] = line.split("\t");
    return [...ports.matchAll(/([^\s,]+):(\d+)->\d+\/tcp/g)].map(([, ip = "", port]) => ({
      container,
      ip: ip.replace(/^\[|\]$/g, ""),
      port: Number(port),
    }));
  });
}

async function askImages(
  docker: DockerHost,
  images: readonly string[],
  remaining: Remaining,
): Promise<string[] | undefined> {
  const present = await Promise.all(
    images.map(async (image) => {
      const result = await docker.try(["image", "inspect", "--format", "{{.Id}}", image], remaining());
      return {
        image,
        there: result.code === 0,
        known: result.code === 0 || /no such image/i.test(result.stderr),
      };
    }),
  );
  if (present.some(({ known }) => !known)) return undefined;
  return present.flatMap(({ image, there }) => (there ? [image] : []));
}

async function askNetwork(
  docker: DockerHost,
  name: string,
  remaining: Remaining,
): Promise<HostSnapshot["network"]> {
  const { code, stdout } = await docker.try(["network", "inspect", name], remaining());
  const [network] = code === 0 ? (readJson<NetworkJson[]>(stdout) ?? []) : [];
  if (network === undefined) return undefined;
  const subnets = (network.IPAM.Config ?? []).flatMap(({ Subnet }) => (Subnet === undefined ? [] : [Subnet]));
  return { id: network.Id, subnets };
}

interface NetworkJson {
  readonly Id: string;
  readonly IPAM: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
}

function readJson<Json>(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
