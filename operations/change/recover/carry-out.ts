import { setTimeout as sleep } from "node:timers/promises";
import { Deadline } from "../../base/deadline";
import { Failure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { Action, Adopt, Remove } from "./action";
import { adopt } from "./adopt";
import { inspectContainer, removeContainer, stopContainer } from "../../docker/engine/containers";
import type { Engine } from "../../docker/engine/engine";
import { ifFound } from "../../docker/engine/engine-failure";
import { removeNetwork } from "../../docker/engine/networks";
import { removeVolume } from "../../docker/engine/volumes";
import { isContainerHealthy } from "./inventory";
import { restoreMemberships } from "./memberships";
import type { HostInventory } from "./situation";
import type { Terraform } from "../../terraform/terraform";

/** What a clean stop of PostgreSQL may take, as for the containers that Terraform stops. In seconds. */
const STOP_SECONDS = 120;

/** How long a container that was started may take until it is healthy. In milliseconds. */
const HEALTHY_MS = 600_000;

export interface Machinery {
  readonly terraform: Terraform;
  /** Of the synthesized stack. */
  readonly folder: string;
  readonly docker: ReadonlyMap<string, Engine>;
  readonly progress: Progress;
}

export interface Planned {
  readonly actions: readonly Action[];
  /** Nodes whose memberships are put back once everything is adopted. */
  readonly memberships: readonly string[];
}

export interface CarriedOut {
  /**
   * Whether the memberships could not be put back without changing something else, so that a worker which is deleted from the
   * environment now would be destroyed undrained.
   */
  readonly unsafe: boolean;
  /** Names of the containers that were started and did not get healthy. */
  readonly unhealthy: readonly string[];
}

/**
 * Carries a plan out: first the adoption, whose own plan may still refuse, then the removals.
 */
export async function carryOut(
  { actions, memberships }: Planned,
  hosts: readonly HostInventory[],
  { terraform, folder, docker, progress }: Machinery,
): Promise<CarriedOut> {
  const adopted = actions.filter((action): action is Adopt => action.action === "adopt");
  if (adopted.length > 0)
    progress(`adopting ${adopted.length} resource${adopted.length === 1 ? "" : "s"} into Terraform's state`);
  await adopt(terraform, folder, adopted);
  const unsafe = !(await restoreMemberships(terraform, folder, memberships));
  const started = await checkRestarts(adopted, hosts, docker);
  const removed = actions.filter((action): action is Remove => action.action === "remove");
  for (const type of ["container", "volume", "network"] as const) {
    for (const action of removed.filter((each) => each.type === type)) {
      progress(`${action.host}: removing ${type} ${action.name}`);
      await remove(action, hostOf(docker, action.host));
    }
  }
  const ill = await Promise.all(started.map((action) => awaitHealth(action, docker, progress)));
  return { unhealthy: ill.flat(), unsafe };
}

/** @returns those that stood still before and run now */
async function checkRestarts(
  adopted: readonly Adopt[],
  hosts: readonly HostInventory[],
  docker: ReadonlyMap<string, Engine>,
): Promise<Adopt[]> {
  const started: Adopt[] = [];
  for (const action of adopted.filter(({ type }) => type === "container")) {
    const before = hosts
      .find(({ host }) => host === action.host)
      ?.containers.find(({ id }) => id === action.id);
    const after = await ifFound(inspectContainer(hostOf(docker, action.host), action.id));
    if (before?.healthy === true && before.startedAt !== after?.State.StartedAt) {
      throw new Failure(
        `${action.host}: container ${action.name} was restarted while it was adopted ` +
          `(started at ${before.startedAt ?? "an unknown time"}, now ${after?.State.StartedAt ?? "gone"})`,
        "see its log and `npx cdktf diff` before the next apply",
      );
    }
    if (before?.status !== "running") started.push(action);
  }
  return started;
}

async function remove({ type, id }: Remove, docker: Engine): Promise<void> {
  if (type === "volume") return removeVolume(docker, id);
  if (type === "network") return removeNetwork(docker, id);
  await stopContainer(docker, id, STOP_SECONDS);
  // With its anonymous volumes only: the image declares one that stays empty.
  await removeContainer(docker, id);
}

async function awaitHealth(
  { host, name, id }: Adopt,
  docker: ReadonlyMap<string, Engine>,
  progress: Progress,
): Promise<string[]> {
  progress(`${host}: waiting for ${name}, which was started`);
  const deadline = Deadline.in(HEALTHY_MS);
  for (;;) {
    const json = await ifFound(inspectContainer(hostOf(docker, host), id));
    if (json !== undefined && isContainerHealthy(json)) return [];
    const starting = json?.State.Status === "running" && json.State.Health?.Status === "starting";
    if (!starting || deadline.passed) return [name];
    await sleep(2000);
  }
}

function hostOf(docker: ReadonlyMap<string, Engine>, id: string): Engine {
  const host = docker.get(id);
  if (host === undefined) throw new Failure(`no Docker host ${id} in the cluster`, "synthesize again");
  return host;
}
