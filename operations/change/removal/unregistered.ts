import type { Cluster } from "../../../model/cluster";
import { inspectContainer } from "../../docker/engine/containers";
import { Engine } from "../../docker/engine/engine";
import { ifFound } from "../../docker/engine/engine-failure";
import { inspectVolume } from "../../docker/engine/volumes";
import { Failure, type Problem } from "../../base/failure";
import { byDocker } from "../../cluster/holdings/by-docker";
import { howToDiscard, mayDiscard } from "../../cluster/holdings/discard-keys";
import { type DiscardOptions, heldProblems } from "../../cluster/holdings/require-nothing-held";
import { surveyWorker } from "../../cluster/holdings/of-worker";
import type { RecordedNode } from "../../cluster/nodes/recorded";
import type { Session } from "../../cluster/connection/session";
import { type Remedy, advise } from "../../base/remedy";
import { findUnrecordedProblem } from "./unrecorded";

interface UnregisteredOptions extends DiscardOptions {
  readonly record: ReadonlyMap<string, RecordedNode>;
}

/**
 * What speaks against destroying a worker that isn't registered. It has no shards, but its volume goes all the same, with
 * whatever is on it: one that was refused since it wasn't empty, or that was removed and kept things of its own. Where it
 * listens nobody has written down, so its container is asked, on the Docker host on which Terraform is to destroy it.
 *
 * @param session on the coordinator
 * @returns what it holds, or why that can't be known; none where both keys say that it may be lost
 */
export async function findUnregisteredProblems(
  session: Session,
  id: string,
  options: UnregisteredOptions,
): Promise<Problem[]> {
  const { cluster, progress, caller, record } = options;
  try {
    const unknown = await findUnrecordedProblem(session, cluster, id, { record, env: caller.env });
    return unknown === undefined ? await look(session, id, options) : [unknown];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (mayDiscard(cluster, id, caller.env)) {
      progress(`${id}: ${error.summary}: it may be lost`);
      return [];
    }
    const remedy = advise`${error.remedy}; ${howToDiscard(cluster, id, caller.env)}`;
    return [{ node: id, what: error.summary, remedy }];
  }
}

async function look(session: Session, id: string, options: DiscardOptions): Promise<Problem[]> {
  const { cluster, progress, caller } = options;
  const [hostId = "", name = ""] = id.split("/");
  const host = cluster.hosts.find((each) => each.id === hostId);
  if (host === undefined) throw unknown(id, `Docker host ${hostId} is not in the environment`, "put it back");
  const container = `${cluster.name}-${name}`;
  const docker = new Engine(host, caller);
  try {
    const json = await ifFound(inspectContainer(docker, container));
    if (json === undefined) {
      await requireNoVolume(docker, cluster, id, container);
      return [];
    }
    if (!json.State.Running) {
      throw unknown(
        id,
        `its container ${container} is not running`,
        `start it: ${docker.describe(["start", container])}`,
      );
    }
    const server = byDocker(docker, container, cluster);
    const { held, said, elsewhere } = await surveyWorker(session, cluster, { label: id, server });
    for (const line of said) progress(`${id}: ${line}`);
    return [...elsewhere, ...heldProblems(id, held, options)];
  } finally {
    docker.close();
  }
}

/** Without its container nobody can look into the volume. */
async function requireNoVolume(
  docker: Engine,
  { environment }: Cluster,
  id: string,
  volume: string,
): Promise<void> {
  if ((await inspectVolume(docker, volume)) === undefined) return;
  throw unknown(
    id,
    `its container is gone, and its volume ${volume} is there`,
    `put it back into environment ${environment} and apply, which recreates its container`,
  );
}

function unknown(id: string, why: string, remedy: Remedy): Failure {
  return new Failure(`cannot determine what the volume of ${id} holds: ${why}`, remedy);
}
