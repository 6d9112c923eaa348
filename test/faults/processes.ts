import { readdirSync, readlinkSync } from "node:fs";
import { type ProcessIdentity, identify, isAlive, readIfThere } from "../../testbed/state";

/** A process with its command line. */
export interface Running extends ProcessIdentity {
  readonly args: readonly string[];
}

/** All processes below one, at any depth. */
export function descendantsOf(pid: number | undefined): Running[] {
  if (pid === undefined) return [];
  const children = new Map<number, number[]>();
  for (const each of allProcesses()) {
    const stat = readIfThere(`/proc/${each}/stat`);
    const parent = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), each]);
  }
  const below = (parent: number): number[] =>
    (children.get(parent) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid).flatMap((each) => describe(each) ?? []);
}

/** Processes that work in a folder, e.g. those that outlived their Terraform. */
export function processesIn(folder: string): Running[] {
  return allProcesses()
    .filter((pid) => pid !== process.pid && workingFolder(pid)?.startsWith(folder) === true)
    .flatMap((pid) => describe(pid) ?? []);
}

/** SIGKILL, if it is still the same process. */
export function kill(running: ProcessIdentity): boolean {
  return send(running, "SIGKILL");
}

/** A signal, if it is still the same process. @returns whether it was */
export function send(running: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(running)) return false;
  try {
    process.kill(running.pid, signal);
    return true;
  } catch {
    return false; // it ended this very moment
  }
}

/** Of local-exec: the program that Terraform runs, not the shell around it. */
export function isProgram({ args }: Running): boolean {
  return /(^|\/)node$/.test(args[0] ?? "") && args.some((arg) => arg.endsWith("pg-dist.mjs"));
}

/** `leave server-b/worker2`, `register` */
export function programName({ args }: Running): string {
  const operation = args.find((arg) => ["register", "leave", "guard"].includes(arg)) ?? "program";
  const node = args.indexOf("--node");
  return node < 0 ? operation : `${operation} ${args[node + 1]}`;
}

export function isSsh({ args }: Running): boolean {
  return /(^|\/)ssh$/.test(args[0] ?? "");
}

export function isProvider({ args }: Running): boolean {
  return args[0]?.includes("terraform-provider-") === true;
}

function describe(pid: number): Running | undefined {
  const identity = identify(pid);
  const args = readIfThere(`/proc/${pid}/cmdline`)?.split("\0").filter(Boolean);
  return identity === undefined || args === undefined ? undefined : { ...identity, args };
}

function allProcesses(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
