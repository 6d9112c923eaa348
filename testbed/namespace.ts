import { spawn, type ChildProcessByStdio } from "node:child_process";
import { closeSync, openSync, readlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { run } from "./command";
import { identify, readIfThere, type ProcessIdentity } from "./state";

export type NamespaceKind = "net" | "mnt" | "pid" | "uts";
/** The option of both unshare and nsenter. */
const OPTION = { net: "--net", mnt: "--mount", pid: "--pid", uts: "--uts" };

/** A set of namespaces, held by the first process in them. */
export interface NamespaceHolder {
  /** The first process, as the root namespace numbers it. */
  pid: number;
  /** That process and the one that made the namespaces. */
  processes: ProcessIdentity[];
  /** `net:[4026532185]` and the like. */
  namespaces: string[];
  /** Sends the first process a line; what it means says the script. */
  send(line: string): void;
  /** Runs a command in these namespaces and returns its output without the last line break. */
  run(command: string, args: readonly string[], options?: { input?: string }): Promise<string>;
}

/**
 * Starts `script` as the first process of new namespaces. They end with this process: the script reads from a pipe
 * that closes when we die, however we die.
 *
 * @throws when the script ends before it is ready, with the end of its log.
 */
export async function holdNamespaces(
  kinds: readonly NamespaceKind[],
  script: string,
  args: readonly string[],
  log: string,
): Promise<NamespaceHolder> {
  const logFile = openSync(log, "a");
  const child = spawn(
    "unshare",
    [...kinds.map((kind) => OPTION[kind]), "--fork", "--kill-child", "bash", script, ...args],
    // Detached: Ctrl-C in a terminal must reach the test run only, which then ends its hosts itself.
    { stdio: ["pipe", "pipe", logFile], detached: true },
  ) as ChildProcessByStdio<Writable, Readable, null>;
  closeSync(logFile);
  if (child.pid === undefined) throw new Error("unshare could not be started: is util-linux installed?");
  const lines = createInterface({ input: child.stdout });
  const pid = await new Promise<number>((resolve, reject) => {
    lines.once("line", (line) => resolve(Number(line.split(" ")[1])));
    child.once("exit", (code) =>
      reject(new Error(`${script} ended with ${code} before it was ready.\n${lastLines(log)}`)),
    );
  });
  // A forgotten testbed must not keep its process alive; the exit handler removes it (see cleanup.ts).
  child.unref();
  (child.stdin as Socket).unref();
  (child.stdout as Socket).unref();

  // Without a mount namespace /proc is the machine's; commands then keep the machine's pids too, which `ip` takes.
  const entered = kinds.filter((kind) => kind !== "pid" || kinds.includes("mnt"));
  const enter = ["--target", String(pid), ...entered.map((kind) => OPTION[kind]), "--"];
  return {
    pid,
    processes: [child.pid, pid].flatMap((number) => identify(number) ?? []),
    namespaces: kinds.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`)),
    send: (line) => child.stdin.write(`${line}\n`),
    run: async (command, commandArgs, options = {}) =>
      run("nsenter", [...enter, command, ...commandArgs], options),
  };
}

/** The end of a log file, for error messages. */
export function lastLines(file: string, count = 15): string {
  return (readIfThere(file) ?? "").trimEnd().split("\n").slice(-count).join("\n");
}
