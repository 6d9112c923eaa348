import { spawn } from "node:child_process";

export interface ChildOptions {
  readonly cwd?: string;
  /** The whole environment of the child. */
  readonly env: NodeJS.ProcessEnv;
  /** After so many milliseconds it is ended with SIGKILL. @default no limit */
  readonly timeout?: number;
  /** Runs `command` by the shell. @default false */
  readonly shell?: boolean;
  /** What it reads, e.g. a secret that must not be an argument. @default nothing */
  readonly input?: string;
}

export interface ChildResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/**
 * Runs a command to its end, whatever its exit code.
 *
 * @throws the error of `spawn` (ENOENT when there is no such command)
 */
export function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions,
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const { timeout, input, ...rest } = options;
    const child = spawn(command, args, { ...rest, stdio: ["pipe", "pipe", "pipe"] });
    // Whoever doesn't read its input may end before it is written.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let timedOut = false;
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill("SIGKILL");
          }, timeout);
    child.stdout.on("data", (data: Buffer) => stdout.push(data));
    child.stderr.on("data", (data: Buffer) => stderr.push(data));
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: text(stdout), stderr: text(stderr), timedOut });
    });
  });
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
