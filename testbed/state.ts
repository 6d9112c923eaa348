import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

/** Where every testbed keeps its state file, sockets, keys and logs. */
export const RUN_ROOT = "/run/pg-dist-testbed";
/** Where the hosts' file systems are; must be a file system that overlay2 can use. */
export const DATA_ROOT = "/var/lib/pg-dist-testbed";
/** Where prepared data directories with images are kept between runs. */
export const CACHE_ROOT = "/var/cache/pg-dist-testbed";

/** A process that can be recognised later: pids are reused, a pid with its start time within one boot is not. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
  startTicks: number;
  bootId: string;
}

/** What must be known to remove a testbed without the process that started it. */
export interface TestbedState {
  id: string;
  owner: ProcessIdentity;
  /** First three bytes of the /24, e.g. `10.120.7`; none while an image template is made. */
  subnet?: string;
  /** The interface in the root namespace that leads to the hosts. */
  uplink?: string;
  processes: ProcessIdentity[];
  /** `net:[4026532185]` and the like, as /proc/<pid>/ns shows them. */
  namespaces: string[];
  /** The image template that this testbed's hosts read from; it must not be pruned meanwhile. */
  template?: string;
}

export const runDirectory = (id: string) => join(RUN_ROOT, id);
export const dataDirectory = (id: string) => join(DATA_ROOT, id);
/** The parent of all its containers' cgroups, in each hierarchy. */
export const cgroupName = (id: string) => `pg-dist-testbed-${id}`;
const stateFile = (id: string) => join(RUN_ROOT, `${id}.json`);

export function writeState(state: TestbedState): void {
  mkdirSync(RUN_ROOT, { recursive: true });
  const temporary = `${stateFile(state.id)}.new`;
  writeFileSync(temporary, JSON.stringify(state, null, 2));
  renameSync(temporary, stateFile(state.id));
}

/** A new testbed owned by this process, not yet written down. */
export function newState(): TestbedState {
  const owner = identify(process.pid);
  if (owner === undefined) throw new Error("This process isn't in /proc: is /proc mounted?");
  return { id: randomBytes(3).toString("hex"), owner, processes: [], namespaces: [] };
}

export function removeState(id: string): void {
  rmSync(stateFile(id), { force: true });
}

/** Every recorded testbed, dead or alive. */
export function readStates(): TestbedState[] {
  mkdirSync(RUN_ROOT, { recursive: true });
  return readdirSync(RUN_ROOT)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      const text = readIfThere(join(RUN_ROOT, file));
      return text === undefined ? [] : [JSON.parse(text) as TestbedState];
    });
}

/** The identity of a running process, or undefined when there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command name (field 2) may contain blanks and brackets; the fields after its last bracket can't.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, startTicks: Number(fields[19]), bootId: bootId() };
}

/** Whether exactly this process still runs. */
export function isAlive(process: ProcessIdentity): boolean {
  const now = identify(process.pid);
  return now !== undefined && now.startTicks === process.startTicks && now.bootId === process.bootId;
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** A file's text, or undefined when it (or the process that it describes) has gone. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
