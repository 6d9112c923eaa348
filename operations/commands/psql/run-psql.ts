import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { ClusterNode, Endpoint } from "../../../model/cluster";
import type { DockerHost } from "../../docker/docker-host";
import type { Way } from "../../cluster/connection/transports/way";
import { openLocalPort } from "./tunnel";

/** Whom psql logs in as, and where. */
export interface Login {
  readonly user: string;
  readonly database: string;
  readonly password: string;
}

/**
 * Of the variables that libpq reads, those that only shape a person's own session. All others say where to connect, as whom,
 * and what to expect of the server and its certificate: that of another cluster, which this one has nothing of.
 */
const OWN = ["PGAPPNAME", "PGCLIENTENCODING", "PGDATESTYLE", "PGGEQO", "PGOPTIONS", "PGTZ"];

/** @param env of whoever runs this */
export function psqlEnvironment(
  env: NodeJS.ProcessEnv,
  endpoint: Endpoint,
  port: number,
  { user, database, password }: Login,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(env).filter(([name]) => !name.startsWith("PG") || OWN.includes(name));
  return {
    ...Object.fromEntries(inherited),
    // The name stays the server's, for psql's prompt and for certificates; only the address is this machine's.
    PGHOST: endpoint.host,
    PGHOSTADDR: "127.0.0.1",
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGPASSWORD: password,
    // As our own sessions.
    PGSSLMODE: "prefer",
  };
}

/**
 * Runs this machine's psql with its own standard streams, to a server by a way. The password is in its environment.
 *
 * @returns psql's exit code
 */
export async function runLocalPsql(
  way: Way,
  endpoint: Endpoint,
  login: Login,
  args: readonly string[],
): Promise<number> {
  const local = await openLocalPort(way);
  const env = psqlEnvironment(process.env, endpoint, local.port, login);
  try {
    return await exitCodeOf(spawn("psql", args, { stdio: "inherit", env }));
  } finally {
    local.close();
  }
}

/**
 * Runs the psql of a node's own container, over loopback, which the image trusts.
 *
 * @returns psql's exit code
 */
export async function runPsqlInside(
  docker: DockerHost,
  { container }: ClusterNode,
  { user, database, password }: Login,
  args: readonly string[],
): Promise<number> {
  const tty = process.stdin.isTTY && process.stdout.isTTY;
  const command = [
    // Without a pager: one that a closed terminal orphans would be PostgreSQL's, the container's first process, and its
    // end by a signal there counts as a crash of the server.
    ...["exec", "-i", ...(tty ? ["-t"] : []), "-e", "PGPASSWORD", "-e", "PSQL_PAGER=", container],
    ...["psql", "-h", "127.0.0.1", "-U", user, "-d", database, ...args],
  ];
  // Only a docker command of this machine sees it; over ssh the variable is empty there, and loopback needs none.
  const child = docker.start(command, { stdio: "inherit", tty, env: { PGPASSWORD: password } });
  try {
    return await exitCodeOf(child);
  } catch (error) {
    throw docker.cannotRun(error);
  }
}

/** Ctrl-C is psql's: it cancels a query. */
async function exitCodeOf(child: ChildProcess): Promise<number> {
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) =>
        resolve(code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0)),
      );
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}
