import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";

/** How long a stopped provider may take to end before it is killed, in milliseconds. */
const STOP_GRACE_MS = 5_000;

/** A running stand-in provider. */
export interface StandInProvider {
  /** To be added to the environment of every terraform or cdktf command: it makes Terraform talk to the stand-in. */
  env: Record<string, string>;
  /** Ends the provider's process. */
  stop(): Promise<void>;
}

/**
 * Starts the stand-in for the providers kreuzwerker/docker (4.5.0: docker_container, docker_volume, docker_network,
 * docker_image) and hashicorp/null (null_resource), for machines that reach no provider registry. It makes real
 * containers on real Docker engines; what it doesn't implement it refuses. Any number of Terraforms may use one at
 * the same time.
 *
 * It is a process of its own, which ends when this one does, however that happens. Its environment variables
 * (DOCKER_HOST, DOCKER_CONTEXT, ...) are those of this process now, not those of a later terraform command.
 * `cdktf deploy` and `cdktf diff` need `--skip-provider-lock`: their lock step doesn't know of the variable.
 *
 * @throws when the process ends before it serves; its output is in the message.
 */
export async function startStandInProvider(): Promise<StandInProvider> {
  const tsx = createRequire(path.join(__dirname, "index.ts")).resolve("tsx");
  const child = spawn(process.execPath, ["--import", tsx, path.join(__dirname, "main.ts")], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (complaints = (complaints + text).slice(-4_000)));
  const ended = once(child, "exit");
  const announced = once(createInterface(child.stdout), "line");
  const first = await Promise.race([announced, ended.then(() => null)]);
  if (!first)
    throw new Error(`The stand-in provider ended before it served (code ${child.exitCode}).\n${complaints}`);

  const ports = JSON.parse(String(first[0])) as Record<string, number>;
  const reattach = Object.fromEntries(
    Object.entries(ports).map(([source, port]) => [
      source,
      {
        Protocol: "grpc",
        ProtocolVersion: 6,
        Pid: child.pid,
        Test: true,
        Addr: { Network: "tcp", String: `127.0.0.1:${port}` },
      },
    ]),
  );
  return {
    env: { TF_REATTACH_PROVIDERS: JSON.stringify(reattach) },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const killed = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
      child.stdin.end();
      await ended;
      clearTimeout(killed);
    },
  };
}
