import type { Cluster } from "../../model/cluster";
import { Deadline } from "../base/deadline";
import type { Caller } from "../base/caller/caller";
import { Engine, REQUESTS_AT_ONCE } from "./engine/engine";
import { ifAnswered } from "./engine/engine-failure";
import { exec } from "./engine/exec";
import pMap from "p-map";

/** Of the file system with a node's data directory, in bytes. */
export interface FreeSpace {
  /** Without what it keeps for root: what PostgreSQL may still use. */
  readonly available: number;
  readonly total: number;
}

/**
 * How much the nodes may still write, by `df` in their containers. By SQL it can't be had: `citus_local_disk_space_stats()`
 * counts what a file system keeps for root as well (f_bfree of statvfs; 5 % on ext4 as it is made).
 *
 * @param timeoutMs for each Docker host; those that don't answer are left out
 * @returns by node id. Never throws
 */
export async function readFreeSpace(
  { hosts, nodes }: Pick<Cluster, "hosts" | "nodes">,
  caller: Caller,
  timeoutMs: number,
): Promise<Map<string, FreeSpace>> {
  const deadline = Deadline.in(timeoutMs);
  const found = new Map<string, FreeSpace>();
  const ofHost = async (host: (typeof hosts)[number]) => {
    const docker = new Engine(host, caller);
    const own = nodes.filter((node) => node.host === host.id);
    try {
      await pMap(
        own,
        async ({ id, container }) => {
          if (deadline.passed) return;
          const space = await dfIn(docker, container, deadline.left(1));
          if (space !== undefined) found.set(id, space);
        },
        { concurrency: REQUESTS_AT_ONCE },
      );
    } finally {
      docker.close();
    }
  };
  await Promise.all(hosts.map(ofHost));
  return found;
}

/** Where it can't be asked the figure is missing, and whoever needs Docker says so. */
async function dfIn(docker: Engine, container: string, timeout: number): Promise<FreeSpace | undefined> {
  const df = await ifAnswered(exec(docker, container, ["sh", "-c", 'df -Pk "$PGDATA"'], { timeout }));
  return df && readDf(df.stdout);
}

/** Reads `df -Pk` of one path. */
export function readDf(text: string): FreeSpace | undefined {
  const fields = /^\S.*?\s(\d+)\s+(\d+)\s+(\d+)\s+\d+%\s/m.exec(text);
  if (fields === null) return undefined;
  const [used, available] = [Number(fields[2]), Number(fields[3])];
  // As df's own percentage: what is kept for root is nobody's to fill.
  return { available: available * 1024, total: (used + available) * 1024 };
}
