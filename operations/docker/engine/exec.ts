import type { Writable } from "node:stream";
import { Deadline } from "../../base/deadline";
import { setTimeout as sleep } from "node:timers/promises";
import { tellingLines } from "./explain-ssh";
import { collect } from "./collect";
import { type Output, demultiplex } from "./demultiplex";
import { type Engine, containerPath } from "./engine";
import { EngineError, EngineFailure } from "./engine-failure";

/** How long a process in a container may take. In milliseconds. */
const EXEC_MS = 180_000;

export interface StartOptions {
  /** Whether it reads its standard input. @default false */
  readonly stdin?: boolean;
  /** Whether it gets a terminal. @default false */
  readonly tty?: boolean;
  /** Variables of its environment. @default those of the container */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to start, in milliseconds. @default 3 minutes */
  readonly timeout?: number;
}

/** A process that runs in a container. */
export interface Running extends Output {
  readonly stdin: Writable;
  /** Once `closed`; null where the engine doesn't know, as for a process that goes on. */
  exitCode(): Promise<number | null>;
  /** Of its terminal. */
  resize(columns: number, rows: number): Promise<void>;
  /**
   * Lets go of it: its standard input ends, and with it what reads that. The engine doesn't end it otherwise.
   */
  close(): void;
}

/**
 * Starts a process in a container that runs.
 *
 * @throws EngineFailure `not-found`, or `conflict` where the container doesn't run
 */
export async function startExec(
  engine: Engine,
  container: string,
  command: readonly string[],
  { stdin = false, tty = false, env = {}, timeout = EXEC_MS }: StartOptions = {},
): Promise<Running> {
  const deadline = Deadline.in(timeout);
  const { Id } = await engine.json<{ readonly Id: string }>({
    operation: "exec",
    method: "POST",
    path: containerPath(container, "exec"),
    body: {
      ...{ AttachStdin: stdin, AttachStdout: true, AttachStderr: true, Tty: tty },
      Env: Object.entries(env).map((pair) => pair.join("=")),
      Cmd: command,
    },
    timeout,
  });
  const socket = await engine.attach({
    operation: "exec",
    path: `/exec/${Id}/start`,
    body: { Detach: false, Tty: tty },
    timeout: deadline.left(),
  });
  socket.on("error", () => undefined);
  const output = demultiplex(socket, tty);
  return {
    ...output,
    stdin: socket,
    exitCode: () => exitCodeOf(engine, Id),
    resize: async (columns, rows) => {
      const query = { w: columns, h: rows };
      await engine.bytes({ operation: "exec", method: "POST", path: `/exec/${Id}/resize`, query });
    },
    close: () => void socket.destroy(),
  };
}

/** The stream ends a moment before the engine has written the exit code down. */
async function exitCodeOf(engine: Engine, id: string): Promise<number | null> {
  for (let attempt = 0; ; attempt++) {
    const { Running, ExitCode } = await engine.json<{ Running: boolean; ExitCode: number | null }>({
      operation: "exec",
      path: `/exec/${id}/json`,
    });
    if (!Running) return ExitCode;
    if (attempt === 10) return null;
    await sleep(50);
  }
}

export interface ExecOptions extends Pick<StartOptions, "env"> {
  /** What it reads, e.g. a secret that must not be an argument. @default nothing */
  readonly input?: string;
  /** In milliseconds. @default 3 minutes */
  readonly timeout?: number;
}

export interface ExecResult {
  /** Null where it was not waited for any longer. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it had written by then is there. */
  readonly timedOut: boolean;
}

/**
 * Runs a process in a container to its end, whatever its exit code.
 *
 * @throws EngineFailure where it can't be started
 */
export async function exec(
  engine: Engine,
  container: string,
  command: readonly string[],
  { input, env, timeout = EXEC_MS }: ExecOptions = {},
): Promise<ExecResult> {
  const deadline = Deadline.in(timeout);
  let running: Running;
  try {
    running = await startExec(engine, container, command, { stdin: input !== undefined, env, timeout });
  } catch (error) {
    // There is no such command in the container: a shell's exit code for it.
    if (error instanceof EngineFailure && error.code === "refused")
      return { code: 127, stdout: "", stderr: error.summary, timedOut: false };
    throw error;
  }
  if (input !== undefined) running.stdin.end(input);
  const [stdout, stderr] = [collect(running.stdout), collect(running.stderr)];
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    running.close();
  }, deadline.left(1));
  try {
    await running.closed;
    await Promise.all([stdout.ended, stderr.ended]);
  } catch (error) {
    if (!timedOut) throw engine.failure("exec", error);
  } finally {
    clearTimeout(timer);
  }
  const code = timedOut ? null : await running.exitCode();
  return { code, stdout: stdout.text(), stderr: stderr.text(), timedOut };
}

/** Of a process that ran and failed, or was not waited for any longer. */
export function execFailure(engine: Engine, { code, stderr, timedOut }: ExecResult): EngineFailure {
  const said = timedOut ? "no answer in time" : tellingLines(stderr) || `exit code ${code ?? "unknown"}`;
  return engine.failure("exec", new EngineError(timedOut ? "timeout" : "failed", said));
}
