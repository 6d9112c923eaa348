import { type ChildProcess, spawn } from "node:child_process";
import type { Password } from "../../base/caller/credentials";
import { constants } from "node:os";
import type { ClusterNode, Endpoint } from "../../../model/cluster";
import type { Engine } from "../../docker/engine/engine";
import { type Running, startExec } from "../../docker/engine/exec";
import type { Transport } from "../../cluster/connection/transports/transport";
import { openLocalPort } from "./tunnel";

/** Whom psql logs in as, and where. */
export interface Login {
  readonly user: string;
  readonly database: string;
  readonly password: Password;
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
    PGPASSWORD: password.value,
    // As our own sessions.
    PGSSLMODE: "prefer",
  };
}

/**
 * Runs this machine's psql with its own standard streams, to a server by a transport; the password is in its environment.
 *
 * @returns psql's exit code
 */
export async function runLocalPsql(
  transport: Transport,
  endpoint: Endpoint,
  {
    login,
    args,
    env,
  }: { readonly login: Login; readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
  const local = await openLocalPort(transport);
  const own = psqlEnvironment(env, endpoint, local.port, login);
  try {
    return await exitCodeOf(spawn("psql", args, { stdio: "inherit", env: own }));
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
  docker: Engine,
  { container }: ClusterNode,
  { user, database, password }: Login,
  args: readonly string[],
): Promise<number> {
  const tty = process.stdin.isTTY && process.stdout.isTTY;
  const env = {
    PGPASSWORD: password.value,
    // Without a pager: one that a closed terminal orphans would be PostgreSQL's, the container's first process, and its
    // end by a signal there counts as a crash of the server.
    PSQL_PAGER: "",
  };
  const psql = ["psql", "-h", "127.0.0.1", "-U", user, "-d", database, ...args];
  const running = await startExec(docker, container, psql, { stdin: true, tty, env });
  return tty ? onTerminal(docker, running) : onPipes(docker, running);
}

/** This process' own streams. Ctrl-C and the like are the inner terminal's, as is the echo of what is typed. */
async function onTerminal(docker: Engine, running: Running): Promise<number> {
  const { stdin, stdout } = process;
  const resize = () => void running.resize(stdout.columns, stdout.rows).catch(() => undefined);
  resize();
  stdout.on("resize", resize);
  stdin.setRawMode(true);
  try {
    return await onPipes(docker, running);
  } finally {
    stdin.setRawMode(false);
    stdout.off("resize", resize);
  }
}

async function onPipes(docker: Engine, running: Running): Promise<number> {
  const { stdin, stdout, stderr } = process;
  let interrupted = false;
  const stop = () => {
    interrupted = true;
    running.close();
  };
  // Of a terminal in raw mode Ctrl-C is psql's, and no signal here.
  process.once("SIGINT", stop);
  stdin.pipe(running.stdin);
  running.stdout.pipe(stdout, { end: false });
  running.stderr.pipe(stderr, { end: false });
  try {
    await running.closed;
    return (await running.exitCode()) ?? 1;
  } catch (error) {
    if (interrupted) return 128 + constants.signals.SIGINT;
    throw docker.failure("exec", error);
  } finally {
    process.off("SIGINT", stop);
    stdin.unpipe(running.stdin);
    // Else it keeps this process waiting for more.
    stdin.destroy();
    running.close();
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
