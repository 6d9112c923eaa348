import { spawn } from "node:child_process";
import { once } from "node:events";

export interface CommandOptions {
  /** Written to its standard input; nothing otherwise. */
  input?: string;
  /** Added to this process's environment. */
  env?: NodeJS.ProcessEnv;
  /** Ended with SIGTERM after so many milliseconds. @default no limit */
  timeout?: number;
}

/** A command that ended with an exit code other than 0. */
export class CommandError extends Error {
  constructor(
    command: string,
    readonly exitCode: number | null,
    readonly stderr: string,
    stdout: string,
  ) {
    super(
      `Command failed (exit code ${exitCode ?? "none, ended by a signal"}): ${command}\n${stderr || stdout}`.trimEnd(),
    );
    this.name = "CommandError";
  }
}

/**
 * Runs a command without a shell.
 *
 * @returns its output without the last line breaks
 * @throws CommandError with what it wrote to its standard error
 */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    timeout: options.timeout,
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (data: Buffer) => stdout.push(data));
  child.stderr.on("data", (data: Buffer) => stderr.push(data));
  child.stdin.on("error", () => undefined); // a command that doesn't read its input may end before we have written it
  child.stdin.end(options.input);
  const [exitCode] = (await once(child, "close")) as [number | null];
  const output = text(stdout);
  if (exitCode !== 0) throw new CommandError([command, ...args].join(" "), exitCode, text(stderr), output);
  return output;
}

const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8").replace(/\n+$/, "");
