import type { ContainerJson, ListedContainer } from "./engine/containers";
import { Deadline } from "../base/deadline";
import { type Engine, REQUESTS_AT_ONCE } from "./engine/engine";
import { findContainers, inspectListed } from "./engine/inspect-containers";
import { readLog } from "./engine/logs";
import { Failure, oneLine } from "../base/failure";
import pMap from "p-map";
import { shorten } from "../base/columns";
import { deployOf } from "../base/remedy";

/** What Docker says of a container. */
interface ContainerState {
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
  /** The last entry of its log, by its first line. */
  readonly lastLine: string;
}

/** What Docker's list says of a container that is paused, or about which it gives no other answer: the `status` of above. */
interface ListedState {
  readonly listed: string;
}

export type ContainerAnswer =
  ContainerState | ListedState | { readonly missing: true } | { readonly unknown: string };

/** Asks the Docker host, within the time (in milliseconds). Never throws: what went wrong is `unknown`. */
export async function readContainerState(
  docker: Engine,
  container: string,
  timeoutMs: number,
): Promise<ContainerAnswer> {
  const answers = await readContainerStates(docker, [container], timeoutMs);
  return answers.get(container) ?? { missing: true };
}

/**
 * As `readContainerState`, of any number on one Docker host: all their states, and then, as far as the time goes, the ends of
 * their logs, which only add to them. One that gives no answer keeps back none of the others.
 */
export async function readContainerStates(
  docker: Engine,
  containers: readonly string[],
  timeoutMs: number,
): Promise<Map<string, ContainerAnswer>> {
  const deadline = Deadline.in(timeoutMs);
  try {
    const listed = await findContainers(docker, containers, timeoutMs);
    // A pause explains all, and an inspection of one that is paused may hang.
    const asked = [...listed.values()].filter(({ State }) => State !== "paused");
    const { found, silent } = await inspectListed(docker, asked, deadline.left(1));
    const lastLines = await readLastLines(docker, [...found.keys()], deadline);
    const answerOf = (container: string): ContainerAnswer => {
      const known = listed.get(container);
      if (known === undefined) return { missing: true };
      const { Id, State } = known;
      const json = found.get(Id);
      if (json !== undefined) return describeState(json.State, lastLines.get(Id) ?? "");
      const still = silent.get(Id);
      if (still !== undefined) return { listed: still.State };
      // One that was asked about has gone since it was listed.
      return State === "paused" ? { listed: State } : { missing: true };
    };
    return new Map(containers.map((container) => [container, answerOf(container)]));
  } catch (error) {
    const unknown = error instanceof Failure ? error.summary : oneLine(error);
    return new Map(containers.map((container) => [container, { unknown }]));
  }
}

/** Lines at a log's end among which its last entry begins. */
const TAIL = 60;

/** The last entry's first line: where PostgreSQL ends with a statement, its lines say nothing of what happened. */
function lastEntry(log: string): string {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  const begins = (line: string) =>
    !/^\s|^.{0,80}\b(STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION):  /.test(line);
  return oneLine(lines.findLast(begins) ?? lines.at(-1) ?? "");
}

/** The last lines of the logs that can be read before the deadline, a few at a time. */
async function readLastLines(
  docker: Engine,
  containers: readonly string[],
  deadline: Deadline,
): Promise<Map<string, string>> {
  const lastLines = new Map<string, string>();
  await pMap(
    containers,
    async (container) => {
      if (deadline.passed) return;
      try {
        const { stdout, stderr } = await readLog(docker, container, {
          tail: TAIL,
          timeout: deadline.left(1),
        });
        lastLines.set(container, lastEntry(`${stdout}${stderr}`));
      } catch {
        // Its log driver doesn't give it, or the time is over: the state is told without it.
      }
    },
    { concurrency: REQUESTS_AT_ONCE },
  );
  return lastLines;
}

function describeState(state: ContainerJson["State"], lastLine: string): ContainerState {
  return {
    status: state.Status,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    error: state.Error,
    ...(state.Health === undefined ? {} : { health: state.Health.Status }),
    startedAt: state.StartedAt,
    finishedAt: state.FinishedAt,
    lastLine,
  };
}

/** Characters of a log's line in a sentence. */
const LINE_LENGTH = 160;

/** In a few words: `exited (code 137, killed by the kernel: out of memory): "last line"`. */
export function describeContainer(answer: ContainerAnswer): string {
  if ("unknown" in answer) return `could not be inspected: ${answer.unknown}`;
  if ("missing" in answer) return "does not exist";
  if ("listed" in answer) {
    const { listed } = answer;
    return listed === "paused"
      ? "is paused"
      : `${describeStatus(listed)}, but Docker does not answer requests about it`;
  }
  const { status, exitCode, oomKilled, error, health, lastLine } = answer;
  const ended = status === "exited" || status === "dead" || status === "restarting";
  const notes = [
    ...(ended ? [`code ${exitCode}`] : []),
    ...(oomKilled ? ["killed by the kernel: out of memory"] : []),
    ...(health !== undefined && !ended ? [health] : []),
    ...(error === "" ? [] : [error]),
  ];
  return `${describeStatus(status)}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}${lastLine === "" ? "" : `, its log ends: ${shorten(lastLine, LINE_LENGTH)}`}`;
}

/** The container's status as the verb of a sentence: `exited`, `is paused`. */
export function describeStatus(status: string): string {
  return status === "exited" ? "exited" : `is ${status}`;
}

/** What the list says of a container about which the engine gives no other answer: in a few words, and what to do. */
export function explainSilent(
  { State }: ListedContainer,
  docker: Engine,
  container: string,
): { readonly what: string; readonly remedy: string } {
  const answer = { listed: State };
  return { what: describeContainer(answer), remedy: remedyForListed(answer, docker, container) };
}

function remedyForListed({ listed }: ListedState, docker: Engine, container: string): string {
  if (listed === "paused") return unpause(docker, container);
  return `check whether \`${docker.describe(["inspect", container])}\` answers by now; if not, look for what blocks it on the server ${docker.id}: a stalled disk, or a process that is being started in the container`;
}

/** Docker may take as long for it as a health check may that was starting when the container was paused. */
function unpause(docker: Engine, container: string): string {
  return `\`${docker.describe(["unpause", container])}\``;
}

/** What to do about a node whose container is like this. */
export function remedyFor(
  answer: ContainerAnswer,
  docker: Engine,
  { container, environment }: { readonly container: string; readonly environment: string },
): string {
  if ("unknown" in answer)
    return `check that the server ${docker.id} is up and \`${docker.describe(["ps"])}\` works`;
  if ("missing" in answer) return `${deployOf(environment)} recreates it on its volume`;
  if ("listed" in answer) return remedyForListed(answer, docker, container);
  switch (answer.status) {
    case "running":
      return `see its log: \`${docker.describe(["logs", "--tail", "50", container])}\`, and its port and firewall`;
    case "paused":
      return unpause(docker, container);
    case "restarting":
      return `see why it exits: \`${docker.describe(["logs", "--tail", "50", container])}\``;
    default:
      return `\`${docker.describe(["start", container])}\``;
  }
}
