import { setTimeout as sleep } from "node:timers/promises";
import { Stopwatch } from "../../base/stopwatch";
import type { Progress } from "../../base/progress";
import { hasFile, readArchive } from "../../docker/engine/archive";
import { type ContainerJson, inspectContainer, nameOf } from "../../docker/engine/containers";
import type { Engine } from "../../docker/engine/engine";
import { ifAnswered, ifFound } from "../../docker/engine/engine-failure";
import { exec } from "../../docker/engine/exec";
import { readLog as readContainerLog } from "../../docker/engine/logs";
import { isContainerHealthy } from "./inventory";
import type { Initialisation } from "./situation";

/** Whom the image makes at a volume's first start. */
export interface Identity {
  readonly user: string;
  readonly database: string;
}

/** How long a first initialisation that runs is waited for; a slow disk needs minutes. In milliseconds. */
const INITIALISATION_MS = 600_000;

/** How long a container that just started may take to be healthy or not: its health check's start period and more. */
const START_MS = 90_000;

const POLL_MS = 2000;

/** The entrypoint of Docker's official PostgreSQL image, which most images of PostgreSQL build on. */
const ENTRYPOINT = "/usr/local/bin/docker-entrypoint.sh";

/** What it and initdb print. Proof only where the container's own entrypoint is the one that would print it. */
const PRINTED = {
  begun: "The files belonging to this database system will be owned by user",
  /** initdb has seen that the data directory is empty, and starts to fill it. */
  filling: "creating subdirectories",
  complete: "PostgreSQL init process complete; ready for start up.",
  skipped: "Skipping initialization",
  ready: "database system is ready to accept connections",
  /** initdb found files in the data directory. */
  notEmpty: "exists but is not empty",
} as const;

/**
 * What a server says that was cut off in bootstrap, whose catalogs are written by a checkpoint at its end: it starts, and
 * no session ever does.
 */
const NO_SESSION =
  /could not open file "global\/pg_filenode\.map"|"base\/1" is not a valid data directory|database "template1" does not exist/;

/** What initdb makes last: template0 and postgres, whose numbers are fixed since PostgreSQL 15 (pg_database.dat). */
const LAST_DATABASES = ["base/4/PG_VERSION", "base/5/PG_VERSION"];

/**
 * How far a node's first initialisation got. Waits while it runs: a container goes on when its Terraform is killed.
 *
 * @returns its last inspection too, since it may have changed meanwhile; undefined when the container is gone
 */
export async function followInitialisation(
  docker: Engine,
  container: ContainerJson,
  identity: Identity,
  progress: Progress,
): Promise<{ json: ContainerJson; initialisation: Initialisation } | undefined> {
  const watch = new Stopwatch();
  for (let attempt = 0; ; attempt++) {
    const json = attempt === 0 ? container : await ifFound(inspectContainer(docker, container.Id));
    if (json === undefined) return undefined;
    const initialisation = await judge(docker, json, identity);
    const starting = json.State.Health?.Status === "starting" && json.State.Status === "running";
    const patience =
      initialisation === "running"
        ? INITIALISATION_MS
        : starting && initialisation === "unknown"
          ? START_MS
          : 0;
    if (watch.ms >= patience) return { json, initialisation };
    if (attempt === 0) progress(`waiting for ${nameOf(json)}, which is starting`);
    await sleep(POLL_MS);
  }
}

async function judge(docker: Engine, container: ContainerJson, identity: Identity): Promise<Initialisation> {
  if (isContainerHealthy(container)) return "finished";
  const log = await readLog(docker, container);
  const told = judgeLog(log, container.State.Status, await officialEntrypoint(docker, container));
  if (told !== "unknown") return told;
  const running = container.State.Status === "running";
  const asked = running ? await askServer(docker, container, identity) : undefined;
  if (asked !== undefined) return asked;
  // While initdb runs, it hasn't ended either: a server must have said that there is no session, or have had its time.
  const hadItsTime = running && container.State.Health?.Status !== "starting";
  const silent = hadItsTime || NO_SESSION.test(log);
  return silent && (await neverEnded(docker, container)) ? "unfinished" : "unknown";
}

async function readLog(docker: Engine, container: ContainerJson): Promise<string> {
  // From the end: where initdb's lines are cut off, there is no proof, and what came after them is never cut off.
  const log = await ifAnswered(readContainerLog(docker, container.Id, { tail: 20_000 }));
  return log === undefined ? "" : `${log.stdout}\n${log.stderr}`;
}

/** What the log of a container that is not healthy proves of its first initialisation. */
export function judgeLog(log: string, status: string, officialEntrypoint: boolean): Initialisation {
  if (!officialEntrypoint) return "unknown";
  if (log.includes(PRINTED.complete)) return "finished";
  const [, ...attempts] = log.split(PRINTED.begun);
  // The first may have been cut off before it had looked into the directory, which then proves nothing.
  const filling = attempts.findIndex((attempt) => attempt.includes(PRINTED.filling));
  if (filling < 0) return "unknown";
  const after = attempts.slice(filling).join(PRINTED.begun);
  // What initdb finds there now is what it left itself, before it had written the version's file.
  if (after.includes(PRINTED.notEmpty)) return "unfinished";
  const startedAgain = after.indexOf(PRINTED.skipped);
  if (startedAgain >= 0) {
    // Once it served again, somebody may have completed it by hand, and it may hold data: only the server can tell.
    return after.slice(startedAgain).includes(PRINTED.ready) ? "unknown" : "unfinished";
  }
  return status === "running" ? "running" : "unfinished";
}

async function officialEntrypoint(docker: Engine, container: ContainerJson): Promise<boolean> {
  const archive = await ifAnswered(readArchive(docker, container.Id, ENTRYPOINT));
  const text = archive?.toString("utf8") ?? "";
  return text.includes(PRINTED.complete) && text.includes(PRINTED.skipped);
}

/**
 * Whether a data directory is what an initdb left that did not end. The log doesn't prove it for long: such a server may
 * start again ten times in a second, and Docker drops the first lines.
 */
async function neverEnded(docker: Engine, container: ContainerJson): Promise<boolean> {
  const setting = container.Config.Env?.find((each) => each.startsWith("PGDATA="));
  if (setting === undefined) return false;
  const isThere = (file: string) =>
    ifAnswered(hasFile(docker, container.Id, `${setting.slice("PGDATA=".length)}/${file}`));
  if ((await isThere("PG_VERSION")) !== true) return false;
  for (const file of LAST_DATABASES) if ((await isThere(file)) !== false) return false;
  return true;
}

/**
 * Asks over TCP, where the temporary server of an initialisation doesn't listen. A server without Citus that holds no
 * relation of a user in any database never got through its first initialisation.
 *
 * @returns undefined where it gives no session
 */
async function askServer(
  docker: Engine,
  container: ContainerJson,
  { user, database }: Identity,
): Promise<Initialisation | undefined> {
  const query = async (name: string, sql: string) => {
    const psql = ["psql", "-h", "127.0.0.1", "-U", user, "-d", name, "-X", "-qAt", "-v", "ON_ERROR_STOP=1"];
    const env = { PGCONNECT_TIMEOUT: "5" };
    const result = await ifAnswered(exec(docker, container.Id, [...psql, "-c", sql], { env }));
    return result?.code === 0 ? result.stdout.trim() : undefined;
  };
  // initdb makes `postgres` last, so it is not there when that was cut off late.
  const databases = await query(
    "template1",
    "SELECT datname FROM pg_database WHERE datallowconn AND datname <> 'template1'",
  );
  if (databases === undefined) return undefined;
  for (const name of databases.split("\n").filter(Boolean)) {
    const answer = await query(name, CONTENT);
    if (answer === undefined) return undefined;
    const [extensions, relations] = answer.split("|").map(Number);
    if (name === database && extensions !== 0) return "finished";
    if (extensions !== 0 || relations !== 0) return "unknown";
  }
  return "unfinished";
}

/** Whether Citus is in a database, and how many relations of users: not of the system, nor of an extension. */
const CONTENT = `
  SELECT (SELECT count(*) FROM pg_extension WHERE extname = 'citus'),
         (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
             AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
             AND NOT EXISTS (SELECT FROM pg_depend d
                              WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))`;
