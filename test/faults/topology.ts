import type { Environment } from "../../model/environment";
import type { Random } from "../model/random";

export const HOSTS = ["server-a", "server-b", "server-c"] as const;

/** Its volumes are on a small disk, which can be filled. It never leaves, so that others' shards go there. */
export const RECEIVER = "server-c/worker1";

/** Where its volumes are, on its host. */
export const SMALL_DISK = "/srv/data";

/** What a change may touch of one worker. */
export interface Worker {
  readonly port: number;
  /** PostgreSQL's work_mem in MB: a start-up setting whose change replaces the container. */
  readonly workMem: number;
}

/** The workers by node id, and the setting of all nodes. */
export interface Topology {
  readonly workers: Readonly<Record<string, Worker>>;
  /** PostgreSQL's maintenance_work_mem in MB. */
  readonly maintenanceMem: number;
}

export type ChangeKind = "add" | "remove" | "remove two" | "setting" | "setting of all" | "port";

export interface Change {
  readonly kind: ChangeKind;
  /** `add server-b/worker2` */
  readonly text: string;
  readonly result: Topology;
}

/** All workers that may be there, with their first port. */
const POOL: Readonly<Record<string, number>> = {
  "server-a/worker1": 5500,
  "server-b/worker1": 5500,
  "server-b/worker2": 5501,
  "server-b/worker3": 5502,
  [RECEIVER]: 5500,
};

const FEWEST = 2;
const MOST = 4;

/** Ports that a moved worker may get; each worker of a host moves in steps of their number. */
const PORT_STEP = 10;
const LAST_PORT = 5590;

export function firstTopology(): Topology {
  const workers = ["server-a/worker1", "server-b/worker1", "server-b/worker2", RECEIVER];
  return {
    workers: Object.fromEntries(workers.map((id) => [id, newWorker(id)])),
    maintenanceMem: 64,
  };
}

function newWorker(id: string): Worker {
  return { port: POOL[id] ?? 0, workMem: 4 };
}

/** One of the given kinds that the topology allows; undefined where it allows none. */
export function chooseChange(
  random: Random,
  topology: Topology,
  kinds: readonly ChangeKind[],
): Change | undefined {
  const possible = kinds.filter((kind) => allows(topology, kind));
  if (possible.length === 0) return undefined;
  const kind = random.pick(possible);
  const ids = Object.keys(topology.workers);
  const mayLeave = ids.filter((id) => id !== RECEIVER);
  switch (kind) {
    case "add": {
      const id = random.pick(Object.keys(POOL).filter((each) => !ids.includes(each)));
      const workers = { ...topology.workers, [id]: newWorker(id) };
      return { kind, text: `add ${id}`, result: { ...topology, workers } };
    }
    case "remove":
    case "remove two": {
      const first = random.pick(mayLeave);
      const others = kind === "remove" ? [] : [random.pick(mayLeave.filter((id) => id !== first))];
      const leaving = [first, ...others].sort();
      const workers = Object.entries(topology.workers).filter(([id]) => !leaving.includes(id));
      return {
        kind,
        text: `remove ${leaving.join(" and ")}`,
        result: { ...topology, workers: Object.fromEntries(workers) },
      };
    }
    case "setting of all": {
      const maintenanceMem = topology.maintenanceMem === 64 ? 32 : 64;
      return {
        kind,
        text: `maintenance_work_mem=${maintenanceMem}MB on all`,
        result: { ...topology, maintenanceMem },
      };
    }
    case "setting": {
      const id = random.pick(ids);
      const workMem = 4 + (((topology.workers[id]?.workMem ?? 4) - 3) % 8);
      return changed(kind, `work_mem=${workMem}MB on ${id}`, topology, id, { workMem });
    }
    case "port": {
      const id = random.pick(ids);
      const next = (topology.workers[id]?.port ?? 0) + PORT_STEP;
      const port = next > LAST_PORT + PORT_STEP ? (POOL[id] ?? 0) : next;
      return changed(kind, `move ${id} to port ${port}`, topology, id, { port });
    }
  }
}

function changed(
  kind: ChangeKind,
  text: string,
  topology: Topology,
  id: string,
  part: Partial<Worker>,
): Change {
  const worker = { ...(topology.workers[id] ?? newWorker(id)), ...part };
  return { kind, text, result: { ...topology, workers: { ...topology.workers, [id]: worker } } };
}

function allows({ workers }: Topology, kind: ChangeKind): boolean {
  const count = Object.keys(workers).length;
  if (kind === "add") return count < MOST;
  if (kind === "remove") return count > FEWEST;
  if (kind === "remove two") return count > FEWEST + 1;
  return true;
}

/**
 * @param hosts the Docker hosts as the environment declares them
 * @param roles of applications, once they are there
 */
export function environmentOf(
  topology: Topology,
  hosts: Environment["hosts"],
  roles: readonly string[] = [],
): Environment {
  const workers: Record<string, Record<string, object>> = {};
  for (const host of HOSTS) workers[host] = {};
  for (const [id, { port, workMem }] of Object.entries(topology.workers)) {
    const [host = "", name = ""] = id.split("/");
    workers[host] = { ...workers[host], [name]: { port, settings: { work_mem: `${workMem}MB` } } };
  }
  return {
    name: "faults",
    hosts,
    coordinator: { host: HOSTS[0] },
    workers,
    settings: {
      shared_buffers: "32MB",
      // Little, as the small disk must hold it.
      max_wal_size: "96MB",
      min_wal_size: "32MB",
      maintenance_work_mem: `${topology.maintenanceMem}MB`,
    },
    ephemeral: true,
    ...(roles.length === 0 ? {} : { roles }),
  };
}
