import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readlinkSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import {
  cgroupName,
  dataDirectory,
  identify,
  isAlive,
  readIfThere,
  readStates,
  removeState,
  runDirectory,
  type TestbedState,
} from "./state";

// Killed processes end only when their writes have: on a busy disk that takes its time.
const PATIENCE_MS = 60_000;

/**
 * Ends a testbed by what its state file records and returns what is left of it, best nothing. Everything here is
 * synchronous because it must also work in an exit handler.
 */
export function removeTestbed(state: TestbedState): string[] {
  const now = uptimeTicks();
  for (const owned of state.processes) {
    if (isAlive(owned)) process.kill(owned.pid, "SIGKILL");
  }
  waitUntil(() => !state.processes.some(isAlive));
  // The kernel removes it with the namespace of its other end, soon but not at once: this may come too late and fail.
  if (hasUplink(state)) spawnSync("ip", ["link", "delete", state.uplink]);
  waitUntil(() => cgroupsOf(state.id).every(removeCgroup));
  const directories = [dataDirectory(state.id), runDirectory(state.id)];
  execFileSync("rm", ["-rf", "--one-file-system", ...directories]);
  waitUntil(() => leftovers(state, now).length === 0);

  const left = leftovers(state, now);
  if (left.length === 0) removeState(state.id);
  return left;
}

/**
 * Removes what dead testbeds left: those whose owner no longer runs.
 *
 * @returns the removed ids
 * @throws when something resists
 */
export function sweepTestbeds(): string[] {
  const dead = readStates().filter((state) => !isAlive(state.owner));
  const left = dead.flatMap(removeTestbed);
  if (left.length > 0) throw new Error(`Dead testbeds could not be removed completely:\n${left.join("\n")}`);
  return dead.map((state) => state.id);
}

function leftovers(state: TestbedState, before: number): string[] {
  const mounts = readIfThere("/proc/self/mountinfo") ?? "";
  return [
    ...state.processes.filter(isAlive).map(({ pid }) => `process ${pid}`),
    ...processesIn(state.namespaces, before),
    ...(hasUplink(state) ? [`interface ${state.uplink}`] : []),
    ...mounts
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .filter((point) => point.includes(`/pg-dist-testbed/${state.id}`))
      .map((point) => `mount ${point}`),
    ...cgroupsOf(state.id).map((path) => `containers' cgroup ${path}`),
    ...[dataDirectory(state.id), runDirectory(state.id)]
      .filter((path) => existsSync(path))
      .map((path) => `directory ${path}`),
  ];
}

function hasUplink(state: TestbedState): state is TestbedState & { uplink: string } {
  return state.uplink !== undefined && existsSync(`/sys/class/net/${state.uplink}`);
}

/**
 * Processes that still hold one of these namespaces. The kernel reuses a namespace's number as soon as it is free, so
 * only processes that started before the removal count; a later one is in somebody else's new namespace.
 */
function processesIn(namespaces: readonly string[], before: number): string[] {
  const numbers = new Set(namespaces);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => (identify(Number(pid))?.startTicks ?? Infinity) < before)
    .flatMap((pid) =>
      ["net", "mnt", "pid"]
        .map((kind) => namespaceOf(pid, kind))
        .filter((name) => name !== undefined && numbers.has(name))
        .map((name) => `process ${pid} in namespace ${name}`),
    );
}

function namespaceOf(pid: string, kind: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function uptimeTicks(): number {
  const seconds = Number((readIfThere("/proc/uptime") ?? "").split(" ")[0]);
  return seconds * 100; // USER_HZ is 100 on every Linux that Docker supports
}

/** The testbed's directory in each hierarchy (version 1), or in the one of version 2. */
function cgroupsOf(id: string): string[] {
  const root = "/sys/fs/cgroup";
  return [root, ...readdirSync(root).map((name) => join(root, name))]
    .map((hierarchy) => join(hierarchy, cgroupName(id)))
    .filter((path) => existsSync(path));
}

/** Removes a cgroup with the ones below it; false as long as one still has a process. */
function removeCgroup(path: string): boolean {
  try {
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    if (!below.map((entry) => removeCgroup(join(path, entry.name))).every(Boolean)) return false;
    rmdirSync(path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return true;
    if (code === "EBUSY") return false;
    throw error;
  }
}

function waitUntil(done: () => boolean): void {
  const deadline = Date.now() + PATIENCE_MS;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  while (!done() && Date.now() < deadline) Atomics.wait(sleeper, 0, 0, 20);
}

const running = new Set<TestbedState>();
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Has a testbed removed when this process ends by itself or by a signal. */
export function removeAtExit(state: TestbedState): void {
  if (running.size === 0) {
    process.on("exit", removeRunning);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  running.add(state);
}

/** The testbed has been removed; nothing to do for it at exit. */
export function removedAlready(state: TestbedState): void {
  running.delete(state);
  if (running.size > 0) return;
  process.off("exit", removeRunning);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  // Somebody else decides what the signal means and may still need the hosts; the exit handler comes after that.
  if (process.listenerCount(signal) > 1) return;
  removeRunning();
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
}

function removeRunning(): void {
  for (const state of running) {
    const left = removeTestbed(state);
    if (left.length > 0) console.error(`Testbed ${state.id} left something behind:\n${left.join("\n")}`);
  }
  running.clear();
}
