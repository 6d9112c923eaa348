import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { answers } from "./engine";
import { holdNamespaces, lastLines, type NamespaceHolder } from "./namespace";
import { cgroupName, dataDirectory, isAlive, runDirectory, writeState, type TestbedState } from "./state";

/** Five engines that start at once share two cores and a disk. */
const START_PATIENCE_MS = 300_000;

/** The directories of a host, as the root namespace sees them. */
export interface HostDirectories {
  data: string;
  /** The host's /run. */
  run: string;
  /** The host's /var/lib/docker. */
  docker: string;
  /** What is laid over the host's /etc. */
  etc: string;
  /** The engine's socket. */
  socket: string;
}

export function makeDirectories(id: string, host: string): HostDirectories {
  const data = join(dataDirectory(id), host);
  const run = join(runDirectory(id), host);
  for (const name of ["etc", "etc-upper", "etc-work", "cgroup", "docker", "root", "srv"]) {
    mkdirSync(join(data, name), { recursive: true });
  }
  mkdirSync(join(data, "tmp"), { mode: 0o1777 });
  mkdirSync(run, { recursive: true });
  return {
    data,
    run,
    docker: join(data, "docker"),
    etc: join(data, "etc"),
    socket: join(run, "docker.sock"),
  };
}

/**
 * Makes the namespaces of a host with a Docker engine; the engine starts when the holder is sent a line.
 * `template` is a directory that the host may read images from (see image-template.ts), `settings` go into the engine's
 * daemon.json.
 */
export async function makeEngineNamespace(
  state: TestbedState,
  host: string,
  directories: HostDirectories,
  template: string | undefined,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<NamespaceHolder> {
  mkdirSync(join(directories.etc, "docker"), { recursive: true });
  const engine = {
    "storage-driver": "overlay2",
    "cgroup-parent": `/${cgroupName(state.id)}/${host}`,
    "exec-opts": ["native.cgroupdriver=cgroupfs"], // there is no systemd in a host
    "log-level": "warn",
    ...settings,
  };
  writeFileSync(join(directories.etc, "docker", "daemon.json"), JSON.stringify(engine));
  const holder = await holdNamespaces(
    ["net", "mnt", "pid", "uts"],
    join(__dirname, "host-init.sh"),
    [directories.data, directories.run, host, template ?? "-"],
    join(directories.data, "init.log"),
  );
  state.processes.push(...holder.processes);
  state.namespaces.push(...holder.namespaces);
  writeState(state);
  return holder;
}

/** Waits until the engine of a host answers. */
export async function engineAnswers(host: string, directories: HostDirectories, holder: NamespaceHolder) {
  await until(holder, () => answers(directories.socket), `The Docker engine of ${host}`, directories);
}

/** Waits until `ready` says so; an end of the host's first process is an error, and so are five minutes without success. */
export async function until(
  holder: NamespaceHolder,
  ready: () => Promise<boolean>,
  what: string,
  directories: HostDirectories,
): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  while (!(await ready())) {
    const ended = !holder.processes.every(isAlive);
    if (ended || Date.now() > deadline) {
      const logs = [join(directories.data, "init.log"), join(directories.run, "dockerd.log")].map((log) =>
        lastLines(log),
      );
      const why = ended ? "the host's first process ended" : `no answer in ${START_PATIENCE_MS / 1000} s`;
      throw new Error(`${what} did not start: ${why}.\n${logs.join("\n")}`);
    }
    await sleep(50);
  }
}
