import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lockFile, withLock } from "./lock";
import { lastLines } from "./namespace";
import { identify, isAlive, readIfThere, RUN_ROOT, type ProcessIdentity } from "./state";
import { ensureTools } from "./tools";

/** The socket of the machine's own Docker engine. */
export const LOCAL_SOCKET = "/var/run/docker.sock";

const USERS = join(RUN_ROOT, "engine-users");
const SUPERVISOR = join(RUN_ROOT, "engine-supervisor");
const LOCK = "local-engine";
const LOG = join(RUN_ROOT, "engine.log");
const PATIENCE_MS = 60_000;

export interface LocalEngine {
  /** Whether the engine runs because of a test run, this one or another. */
  startedByUs: boolean;
  version: string;
  /** This test run no longer needs it. An engine that a test run started ends with its last user. */
  stop(): Promise<void>;
}

/**
 * The machine's own Docker engine, whose images count as already there. If none answers, one is started on its data
 * directory (Debian's docker.io is installed if need be) and ends again with its last user.
 */
export async function ensureLocalEngine(log: (line: string) => void = () => undefined): Promise<LocalEngine> {
  return withLock(LOCK, async () => {
    if (!isOurs() && (await isThere())) {
      return { startedByUs: false, version: await engineVersion(), stop: async () => undefined };
    }
    const userFile = use();
    if (!isOurs()) {
      await ensureTools(log, ["dockerd", "docker"]);
      log("starting a Docker engine for this test run");
      await startEngine();
    }
    return { startedByUs: true, version: await engineVersion(), stop: () => stopUsing(userFile) };
  });
}

/**
 * Whether the machine has an engine already.
 *
 * @throws when something listens and doesn't answer as one: a second one would work on the same data directory
 */
async function isThere(): Promise<boolean> {
  const problem = await pingEngine();
  if (problem !== undefined && !isAbsent(problem)) {
    throw new Error(
      `What listens on ${LOCAL_SOCKET} doesn't answer as a Docker engine (${problem}): restart it.`,
    );
  }
  return problem === undefined;
}

/**
 * Undefined if a Docker engine answers on a socket, else the error's code. On a busy machine an engine may need many
 * seconds for its answer: it is waited for.
 */
export async function pingEngine(socketPath = LOCAL_SOCKET): Promise<string | undefined> {
  try {
    const { status } = await engineGet("/_ping", { socketPath });
    return status === 200 ? undefined : `HTTP ${status}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Whether that code of `pingEngine` means that no engine runs, as opposed to one that is slow or may not be used. */
export function isAbsent(problem: string): boolean {
  return problem === "ENOENT" || problem === "ECONNREFUSED";
}

/** Whether a Docker engine answers on a socket. */
export async function answers(socketPath = LOCAL_SOCKET): Promise<boolean> {
  return (await pingEngine(socketPath)) === undefined;
}

/**
 * Asks a Docker engine's HTTP interface.
 *
 * @throws the connection's error, or one with code ETIMEDOUT after `timeout` milliseconds
 */
export function engineGet(
  path: string,
  { socketPath = LOCAL_SOCKET, timeout = 30_000 } = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path, timeout }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    request.on("error", reject);
    request.on("timeout", () =>
      request.destroy(Object.assign(new Error(`no answer in ${timeout / 1000} s`), { code: "ETIMEDOUT" })),
    );
  });
}

async function engineVersion(): Promise<string> {
  const { body } = await engineGet("/version");
  return (JSON.parse(body) as { Version: string }).Version;
}

async function startEngine(): Promise<void> {
  const log = openSync(LOG, "w");
  const script = join(__dirname, "engine-supervisor.sh");
  const supervisor = spawn("unshare", ["--mount", "bash", script, USERS, lockFile(LOCK)], {
    stdio: ["ignore", log, log],
    detached: true, // other test runs may use the engine when this one has ended
  });
  closeSync(log);
  supervisor.unref();
  writeFileSync(SUPERVISOR, JSON.stringify(identify(supervisor.pid ?? 0)));
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await answers())) {
    if (supervisor.exitCode !== null || Date.now() > deadline) {
      throw new Error(
        `No Docker engine answers on ${LOCAL_SOCKET}, and starting one failed:\n${lastLines(LOG)}`,
      );
    }
    await sleep(100);
  }
}

/** Records this process as a user and returns the file that says so. */
function use(): string {
  const me = identify(process.pid);
  if (me === undefined) throw new Error("This process isn't in /proc: is /proc mounted?");
  mkdirSync(USERS, { recursive: true });
  const file = join(USERS, `${me.pid}-${me.startTicks}`);
  writeFileSync(file, "");
  return file;
}

async function stopUsing(userFile: string): Promise<void> {
  rmSync(userFile, { force: true });
  if (readdirSync(USERS).some(isRunning)) return;
  const deadline = Date.now() + PATIENCE_MS;
  while (isOurs()) {
    if (Date.now() > deadline) throw new Error(`The Docker engine that we started does not end, see ${LOG}.`);
    await sleep(200);
  }
}

/** Whether the process still runs whose user file has this name. */
function isRunning(userFile: string): boolean {
  const [pid = 0, startTicks] = userFile.split("-").map(Number);
  return identify(pid)?.startTicks === startTicks;
}

/** Whether the engine was started by a test run. */
function isOurs(): boolean {
  const recorded = readIfThere(SUPERVISOR);
  return recorded !== undefined && isAlive(JSON.parse(recorded) as ProcessIdentity);
}
