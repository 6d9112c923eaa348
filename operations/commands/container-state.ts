import { DockerHost } from "../docker-host";
import { Failure, oneLine } from "../failure";
import { shorten } from "./table";

/** What Docker says of a container. */
export interface ContainerState {
  /** created, running, paused, restarting, removing, exited or dead. */
  readonly status: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Why it could not be started. */
  readonly error: string;
  /** starting, healthy or unhealthy; absent without a health check. */
  readonly health?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** The last line that it wrote. */
  readonly lastLine: string;
}

export type ContainerAnswer = ContainerState | { readonly missing: true } | { readonly unknown: string };

interface Inspected {
  readonly Status: string;
  readonly ExitCode: number;
  readonly OOMKilled: boolean;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
  readonly Health?: { readonly Status: string };
}

/** Asks the Docker host, within the time (in milliseconds). Never throws: what went wrong is `unknown`. */
export async function readContainer(
  docker: DockerHost,
  container: string,
  timeoutMs: number,
): Promise<ContainerAnswer> {
  try {
    const [inspected, logs] = await Promise.all([
      docker.try(["inspect", "--type", "container", "--format", "{{json .State}}", container], timeoutMs),
      docker.try(["logs", "--tail", "1", container], timeoutMs),
    ]);
    if (/[Nn]o such container/.test(inspected.stderr)) return { missing: true };
    if (inspected.code !== 0) return { unknown: docker.failure(["inspect", container], inspected).summary };
    const state = JSON.parse(inspected.stdout) as Inspected;
    return {
      status: state.Status,
      exitCode: state.ExitCode,
      oomKilled: state.OOMKilled,
      error: state.Error,
      ...(state.Health === undefined ? {} : { health: state.Health.Status }),
      startedAt: state.StartedAt,
      finishedAt: state.FinishedAt,
      lastLine: oneLine(`${logs.stdout}${logs.stderr}`),
    };
  } catch (error) {
    return { unknown: error instanceof Failure ? error.summary : oneLine(error) };
  }
}

/** Characters of a log's line in a sentence. */
const LINE_LENGTH = 160;

/** In a few words: `is exited (code 137, out of memory): "last line"`. */
export function describeContainer(answer: ContainerAnswer): string {
  if ("unknown" in answer) return `can't be asked about: ${answer.unknown}`;
  if ("missing" in answer) return "does not exist";
  const { status, exitCode, oomKilled, error, health, lastLine } = answer;
  const ended = status === "exited" || status === "dead" || status === "restarting";
  const notes = [
    ...(ended ? [`code ${exitCode}`] : []),
    ...(oomKilled ? ["out of memory"] : []),
    ...(health !== undefined && !ended ? [health] : []),
    ...(error === "" ? [] : [error]),
  ];
  return `is ${status}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}${lastLine === "" ? "" : `, its log ends: ${shorten(lastLine, LINE_LENGTH)}`}`;
}

/** What to do about a node whose container is like this. */
export function remedyFor(answer: ContainerAnswer, docker: DockerHost, container: string): string {
  if ("unknown" in answer)
    return `see that the server ${docker.id} is up and \`${docker.describe(["ps"])}\` works`;
  if ("missing" in answer) return "`cdktf deploy` makes it on its volume";
  switch (answer.status) {
    case "running":
      return `see its log: \`${docker.describe(["logs", "--tail", "50", container])}\`, and its port and firewall`;
    case "paused":
      return `\`${docker.describe(["unpause", container])}\``;
    case "restarting":
      return `see why it ends: \`${docker.describe(["logs", "--tail", "50", container])}\``;
    default:
      return `\`${docker.describe(["start", container])}\``;
  }
}
