import { Deadline } from "../../base/deadline";
import { collect } from "./collect";
import { demultiplex } from "./demultiplex";
import { ANSWER_MS, type Engine, containerPath } from "./engine";
import { EngineError, isNotFound } from "./engine-failure";

/** What the engine says of a container, as far as it is used. */
export interface ContainerJson {
  readonly Id: string;
  /** With a slash before it. */
  readonly Name: string;
  /** Id of the image that it was made of, whatever that name means by now. */
  readonly Image: string;
  readonly RestartCount: number;
  readonly Config: {
    /** As it was named when the container was made. */
    readonly Image: string;
    readonly Cmd: readonly string[] | null;
    readonly Env: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
  };
  readonly State: {
    /** created, running, paused, restarting, removing, exited or dead. */
    readonly Status: string;
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    /** Why it could not be started. */
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    /** Absent without a health check. */
    readonly Health?: {
      readonly Status: string;
      readonly Log?: readonly { readonly Output: string }[] | null;
    };
  };
  readonly HostConfig: {
    /** In bytes; 0 for none. */
    readonly Memory: number;
    /** 0 for none. */
    readonly NanoCpus: number;
    /** As it was made: also of one that doesn't run. */
    readonly PortBindings?: Readonly<Record<string, readonly PortBinding[] | null>> | null;
    /** `name:ip` each. */
    readonly ExtraHosts?: readonly string[] | null;
    readonly Dns?: readonly string[] | null;
    readonly LogConfig?: {
      readonly Type: string;
      readonly Config?: Readonly<Record<string, string>> | null;
    };
  };
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Destination: string;
  }[];
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, unknown>>;
    readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null;
  };
}

interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** What a list of containers says of each. */
export interface ListedContainer {
  readonly Id: string;
  /** Each with a slash before it. */
  readonly Names: readonly string[];
  /** As it was named when the container was made; its id where it has lost that name. */
  readonly Image?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  /** created, running, paused, restarting, removing, exited or dead. */
  readonly State: string;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null } | null;
  readonly Ports: readonly {
    readonly IP?: string;
    readonly PrivatePort: number;
    readonly PublicPort?: number;
  }[];
}

/** A container's name, without the engine's slash. */
export function nameOf({ Name }: Pick<ContainerJson, "Name">): string {
  return Name.replace(/^\//, "");
}

/** Likewise, of a container in a list, which may have names of links too. */
export function listedName({ Names }: Pick<ListedContainer, "Names">): string {
  const own = Names.find((name) => name.lastIndexOf("/") === 0) ?? "";
  return nameOf({ Name: own });
}

/**
 * @param container name or id
 * @throws EngineFailure, `not-found` too
 */
export function inspectContainer(
  engine: Engine,
  container: string,
  timeout = ANSWER_MS,
): Promise<ContainerJson> {
  const operation = `container inspect ${shown(container)}`;
  return engine.json({ operation, path: containerPath(container, "json"), timeout });
}

/** An id as short as docker shows it. */
function shown(container: string): string {
  return container.replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, "$1");
}

/** @param options all: also those that don't run */
export function listContainers(
  engine: Engine,
  { all, timeout }: { readonly all: boolean; readonly timeout?: number },
): Promise<ListedContainer[]> {
  return engine.json({ operation: "ps", path: "/containers/json", query: { all }, timeout });
}

/** @param seconds until the engine kills it */
export async function stopContainer(engine: Engine, container: string, seconds: number): Promise<void> {
  const path = containerPath(container, "stop");
  await engine.bytes({ operation: "stop", method: "POST", path, query: { t: seconds } });
}

/** Removes one that doesn't run, with its anonymous volumes. */
export async function removeContainer(engine: Engine, container: string): Promise<void> {
  await engine.bytes({
    ...{ operation: "rm", method: "DELETE", path: containerPath(container) },
    query: { v: true },
  });
}

/** Of a changed path that its image doesn't have. */
const ADDED = 1;

/** Paths that were added to a container's own layer. */
export async function addedPaths(engine: Engine, container: string, timeout: number): Promise<string[]> {
  const path = containerPath(container, "changes");
  const changes = await engine.json<readonly { Path: string; Kind: number }[] | null>({
    ...{ operation: "diff", path, timeout },
  });
  return (changes ?? []).filter(({ Kind }) => Kind === ADDED).map(({ Path }) => Path);
}

/**
 * What a command prints in a container of an image that has no network and no volume of a name, and is removed at its end.
 *
 * @param timeout for all of it, in milliseconds
 * @throws EngineFailure where it can't be run, or its exit code isn't 0
 */
export async function runOnce(
  engine: Engine,
  image: string,
  command: readonly [string, ...string[]],
  timeout: number,
): Promise<string> {
  const operation = "run";
  const deadline = Deadline.in(timeout);
  const [entrypoint, ...args] = command;
  const { Id } = await engine.json<{ readonly Id: string }>({
    ...{ operation, method: "POST", path: "/containers/create", timeout },
    body: {
      ...{ Image: image, Entrypoint: [entrypoint], Cmd: args, AttachStdout: true, AttachStderr: true },
      // Removed by the engine too, should this program be killed.
      HostConfig: { NetworkMode: "none", AutoRemove: true },
    },
  });
  try {
    const query = { stream: true, stdout: true, stderr: true };
    const socket = await engine.attach({
      operation,
      path: containerPath(Id, "attach"),
      query,
      timeout: deadline.left(),
    });
    const output = demultiplex(socket, false);
    const [stdout, stderr] = [collect(output.stdout), collect(output.stderr)];
    // Before it starts: afterwards it may be gone already.
    const ended = await engine.stream({
      ...{ operation, method: "POST", path: containerPath(Id, "wait"), query: { condition: "next-exit" } },
      timeout: deadline.left(),
    });
    const answer = collect(ended);
    const timer = setTimeout(() => {
      const late = new EngineError("timeout", "no answer in time");
      socket.destroy(late);
      ended.destroy(late);
    }, deadline.left());
    try {
      await engine.bytes({
        operation,
        method: "POST",
        path: containerPath(Id, "start"),
        timeout: deadline.left(),
      });
      await output.closed;
      await Promise.all([stdout.ended, stderr.ended, answer.ended]);
    } catch (error) {
      throw engine.failure(operation, error);
    } finally {
      clearTimeout(timer);
      socket.destroy();
      ended.destroy();
    }
    const { StatusCode } = JSON.parse(answer.text()) as { readonly StatusCode: number };
    if (StatusCode === 0) return stdout.text();
    const said = stderr.text().replace(/\s+/g, " ").trim() || `exit code ${StatusCode}`;
    throw engine.failure(operation, new EngineError("failed", said));
  } finally {
    await forceRemove(engine, Id);
  }
}

async function forceRemove(engine: Engine, id: string): Promise<void> {
  const query = { v: true, force: true };
  try {
    await engine.bytes({
      operation: "rm",
      method: "DELETE",
      path: containerPath(id),
      query,
      timeout: ANSWER_MS,
    });
  } catch (error) {
    // Gone, or about to go, by itself.
    if (!isNotFound(error) && (error as { code?: string }).code !== "conflict") throw error;
  }
}
