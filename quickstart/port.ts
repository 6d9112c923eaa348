import { createServer } from "node:net";
import { POSTGRES_PORT } from "../model/cluster";
import { EXIT, Failure } from "../operations/base/failure";

/** How many ports after 5432 are tried. */
const CANDIDATES = 100;

export interface PortQuestion {
  /** PGDIST_LOCAL_PORT, which a person may set. */
  readonly requested: string | undefined;
  /** Of an earlier run without a cluster now. */
  readonly recorded: number | undefined;
  /** What the coordinator's container publishes, if it is there. */
  readonly current: number | undefined;
  readonly isFree: (port: number) => Promise<boolean>;
}

/**
 * The coordinator's port on loopback: that of the cluster that is there, else the requested one, else the one of an
 * earlier run, else the first free one from 5432.
 *
 * @throws Failure when the requested one is no port, is taken, or isn't the existing cluster's
 */
export async function choosePort({ requested, recorded, current, isFree }: PortQuestion): Promise<number> {
  const wanted = requested ? parsePort(requested) : undefined;
  if (current !== undefined) {
    if (wanted === undefined || wanted === current) return current;
    throw new Failure(
      `the cluster is already on port ${current}, but PGDIST_LOCAL_PORT is ${wanted}`,
      "unset it to keep the cluster, or destroy the cluster first (npm run quickstart -- --destroy)",
    );
  }
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted;
    throw new Failure(
      `port ${wanted} of 127.0.0.1, which PGDIST_LOCAL_PORT asks for, is taken`,
      "name another one, or unset it to get the next free one",
    );
  }
  for (const port of candidates(recorded)) {
    if (await isFree(port)) return port;
  }
  throw new Failure(
    `no port from ${POSTGRES_PORT} to ${POSTGRES_PORT + CANDIDATES - 1} of 127.0.0.1 is free`,
    "name a free one in PGDIST_LOCAL_PORT",
  );
}

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port >= 1 && port <= 65535) return port;
  throw new Failure(`PGDIST_LOCAL_PORT is ${JSON.stringify(text)}`, "it must be a port from 1 to 65535", {
    exitCode: EXIT.usage,
  });
}

function candidates(recorded: number | undefined): number[] {
  const next = Array.from({ length: CANDIDATES }, (_, index) => POSTGRES_PORT + index);
  return recorded === undefined ? next : [recorded, ...next];
}

/** Whether nothing listens on a port of 127.0.0.1, and we may. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
