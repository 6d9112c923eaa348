import { spawn } from "node:child_process";
import { Deadline } from "../operations/base/deadline";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../operations/base/failure";
import { run } from "../testbed/command";
import { engineGet, LOCAL_SOCKET } from "../testbed/engine";
import { lastLines } from "../testbed/namespace";
import { identify, isAlive } from "../testbed/state";
import { type Context, stateFile } from "./context";
import { record, type StartedEngine } from "./record";

/** How long the engine may take to answer, and to end. In milliseconds. */
const PATIENCE_MS = 90_000;
const POLL_MS = 250;

/**
 * Starts the installed engine, by systemd where that runs, and records it, so that `--destroy` can end it. It goes on
 * when quickstart has ended: the cluster lives in it.
 */
export async function startEngine(context: Context, answers: () => Promise<boolean>): Promise<void> {
  if (existsSync("/run/systemd/system")) await startBySystemd(context);
  else await startByHand(context, answers);
  context.say(
    "the Docker engine is running and stays up for the cluster; npm run quickstart -- --destroy stops it",
  );
}

async function startBySystemd(context: Context): Promise<void> {
  context.say("starting the Docker engine: systemctl start docker");
  await run("systemctl", ["start", "docker"]).catch((error: unknown) => {
    throw new Failure("the Docker engine did not start", "see journalctl -u docker", {
      detail: String(error).split("\n"),
    });
  });
  const pid = await run("systemctl", ["show", "--property", "MainPID", "--value", "docker"]);
  recordEngine(context, "systemd", Number(pid));
}

async function startByHand(context: Context, answers: () => Promise<boolean>): Promise<void> {
  const logFile = stateFile(context.root, "dockerd.log");
  context.say("starting the Docker engine: dockerd, log in state/dockerd.log");
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, "w");
  const dockerd = spawn("dockerd", [], {
    cwd: "/",
    detached: true, // Ctrl+C here must not reach it
    stdio: ["ignore", log, log],
    env: { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` },
  });
  closeSync(log);
  recordEngine(context, "quickstart", dockerd.pid); // at once: we may be ended while we wait
  let failed: string | undefined;
  dockerd.once("error", (error) => (failed = error.message));
  dockerd.once("exit", (code, signal) => (failed = `it ended with ${code ?? signal ?? "no exit code"}`));
  const deadline = Deadline.in(PATIENCE_MS);
  while (!(await answers())) {
    if (failed === undefined && !deadline.passed) {
      await sleep(POLL_MS);
      continue;
    }
    dockerd.kill();
    const output = lastLines(logFile);
    throw new Failure(
      `the Docker engine did not start: ${failed ?? `no answer in ${PATIENCE_MS / 1000} s`}`,
      /cgroup isn't mounted/.test(output)
        ? "mount the cgroups (apt-get install cgroupfs-mount does), then run this again"
        : "fix what its log says (below), then run this again",
      { detail: output.split("\n") },
    );
  }
  dockerd.unref();
}

function recordEngine(context: Context, by: StartedEngine["by"], pid: number | undefined): void {
  const process = pid === undefined ? undefined : identify(pid);
  if (process !== undefined) record(context.root, { engine: { by, process } });
}

/** Ends the engine that quickstart started, unless others use it meanwhile. */
export async function stopEngine(context: Context, engine: StartedEngine): Promise<void> {
  if (!isAlive(engine.process)) return;
  const { body } = await engineGet("/containers/json");
  const others = (JSON.parse(body) as { Names: string[] }[]).map(({ Names }) => Names[0]?.slice(1));
  if (others.length > 0) {
    context.say(`the Docker engine keeps running, as other containers need it (${others.join(", ")})`);
    return;
  }
  context.say(`stopping the Docker engine that quickstart started (process ${engine.process.pid})`);
  if (engine.by === "systemd") await run("systemctl", ["stop", "docker.socket", "docker.service"]);
  else process.kill(engine.process.pid, "SIGTERM");
  const deadline = Deadline.in(PATIENCE_MS);
  while (isAlive(engine.process)) {
    if (deadline.passed) {
      throw new Failure(
        `the Docker engine on ${LOCAL_SOCKET} does not stop (process ${engine.process.pid})`,
        "see its log, state/dockerd.log",
      );
    }
    await sleep(POLL_MS);
  }
}
