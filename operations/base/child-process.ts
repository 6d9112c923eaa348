import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { passInterrupts } from "./pass-interrupts";

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
  /** Is told each line of its standard output as it comes. */
  readonly onLine?: (line: string) => void;
  /**
   * With it, an interrupt of this program doesn't end it: it is passed on to the child, once, and a second one again, and
   * this is told the count. The child has a process group of its own then, so that a terminal gives it none beside.
   */
  readonly onInterrupt?: (count: number) => void;
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
    const { timeout, input, onLine, onInterrupt, ...rest } = options;
    const child = spawn(command, args, {
      ...rest,
      stdio: ["pipe", "pipe", "pipe"],
      detached: onInterrupt !== undefined,
    });
    const release = onInterrupt === undefined ? () => undefined : passInterrupts(child, onInterrupt);
    if (onLine !== undefined) createInterface({ input: child.stdout }).on("line", onLine);
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
      release();
      reject(error);
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      release();
      resolve({ code, stdout: text(stdout), stderr: text(stderr), timedOut });
    });
  });
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
