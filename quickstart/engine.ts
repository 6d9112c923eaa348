import { existsSync, readFileSync } from "node:fs";
import { Failure } from "../operations/base/failure";
import { answers, engineGet, isAbsent, LOCAL_SOCKET, pingEngine } from "../testbed/engine";
import { isAlive, readIfThere, RUN_ROOT, type ProcessIdentity } from "../testbed/state";
import { ensureTools, isInstalled } from "../testbed/tools";
import type { Context } from "./context";
import { startEngine } from "./engine-process";

/**
 * Sees to it that an engine answers where the environment looks for it; on Linux, as root, it starts one, and on Debian
 * and Ubuntu installs it first.
 *
 * @throws Failure that says what to install or to start
 */
export async function ensureEngine(context: Context, socket: string): Promise<void> {
  const problem = await pingEngine(socket);
  if (problem === undefined) {
    refuseTestEngine();
    const { Version } = JSON.parse((await engineGet("/version", { socketPath: socket })).body) as {
      Version: string;
    };
    context.say(`Docker engine ${Version} answers on ${socket}`);
    return;
  }
  await explain(socket, problem);
  if (!isInstalled("dockerd") || !isInstalled("docker")) {
    context.say("no Docker engine here: installing Debian's docker.io with apt-get");
    await ensureTools((line) => context.say(line), ["dockerd", "docker"]);
  }
  await startEngine(context, () => answers(socket));
}

/** @throws Failure unless quickstart can start an engine here itself */
async function explain(socket: string, problem: string): Promise<void> {
  if (problem === "EACCES") {
    throw new Failure(
      `this user may not use the Docker engine on ${socket}`,
      "run sudo usermod -aG docker $USER and log in again, or run this as root",
    );
  }
  if (!isAbsent(problem)) {
    throw new Failure(
      `what listens on ${socket} doesn't answer as a Docker engine (${problem})`,
      "restart it",
    );
  }
  const other = process.env.DOCKER_HOST;
  if (other?.startsWith("unix://") && (await answers(other.slice("unix://".length)))) {
    throw new Failure(
      `no Docker engine answers on ${socket}, but one does on DOCKER_HOST=${other}`,
      `write it into environments/local.ts: hosts: { local: { connection: "${other}" } }`,
    );
  }
  if (process.platform === "darwin") {
    throw new Failure(
      `no Docker engine answers on ${socket}`,
      "install and start Docker Desktop (https://docs.docker.com/desktop/setup/install/mac-install/) and allow the default " +
        "Docker socket in Settings > Advanced",
    );
  }
  const installed = isInstalled("dockerd");
  if (process.getuid?.() !== 0) {
    throw new Failure(
      `no Docker engine answers on ${socket}`,
      installed
        ? "start it (sudo systemctl start docker), or run this as root"
        : "install one (Debian, Ubuntu: sudo apt-get install docker.io), or run this as root to have it installed",
    );
  }
  if (!installed && !isDebian()) {
    throw new Failure(
      `no Docker engine answers on ${socket}, and quickstart installs one only on Debian and Ubuntu`,
      "install Docker Engine (https://docs.docker.com/engine/install/) and start it",
    );
  }
  if (socket !== LOCAL_SOCKET) {
    throw new Failure(
      `no Docker engine answers on ${socket}`,
      `start it, or use ${LOCAL_SOCKET} in environments/local.ts, where quickstart can start one`,
    );
  }
}

function isDebian(): boolean {
  if (!existsSync("/usr/bin/apt-get") || !existsSync("/etc/os-release")) return false;
  return /^(?:ID|ID_LIKE)=.*\b(?:debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
}

/** Whether a test run started the engine on the machine's socket, which is then not there for long. */
function isTestEngine(): boolean {
  const supervisor = readIfThere(`${RUN_ROOT}/engine-supervisor`);
  return supervisor !== undefined && isAlive(JSON.parse(supervisor) as ProcessIdentity);
}

function refuseTestEngine(): void {
  if (!isTestEngine()) return;
  throw new Failure(
    `the Docker engine on ${LOCAL_SOCKET} belongs to a test run and ends with it`,
    "wait until npm test has ended, then run this again",
  );
}
