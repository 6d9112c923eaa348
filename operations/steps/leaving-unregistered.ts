import type { Cluster } from "../../model/cluster";
import { inspectContainer } from "../docker/engine/containers";
import { Engine } from "../docker/engine/engine";
import { ifFound } from "../docker/engine/engine-failure";
import { inspectVolume } from "../docker/engine/volumes";
import { EXIT, Failure, problemsFailure } from "../base/failure";
import { byDocker } from "../cluster/holdings/by-docker";
import { howToDiscard, mayDiscard } from "../cluster/holdings/discard-keys";
import { type DiscardOptions, heldProblems } from "../cluster/holdings/require-nothing-held";
import { surveyWorker } from "../cluster/holdings/of-worker";
import type { Session } from "../cluster/connection/session";
import { type Remedy, advise } from "../base/remedy";

/**
 * A worker that isn't registered has no shards, but its volume goes all the same, with whatever is on it: one that was
 * refused since it wasn't empty, or that was removed and kept things of its own. Where it listens nobody has written down,
 * so its container is asked, on the Docker host on which Terraform is about to destroy it.
 *
 * @param session on the coordinator
 * @throws Failure (refused) where it holds something, or that can't be known, unless both keys say that it may be lost
 */
export async function requireUnregisteredEmpty(
  session: Session,
  id: string,
  options: DiscardOptions,
): Promise<void> {
  const { cluster, progress, caller } = options;
  try {
    await look(session, id, options);
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode === EXIT.refused) throw error;
    if (mayDiscard(cluster, id, caller.env)) {
      progress(`${id}: ${error.summary}: it may be lost`);
      return;
    }
    throw new Failure(error.summary, advise`${error.remedy}; ${howToDiscard(cluster, id, caller.env)}`, {
      exitCode: EXIT.refused,
      cause: error,
    });
  }
}

async function look(session: Session, id: string, options: DiscardOptions): Promise<void> {
  const { cluster, progress, caller } = options;
  const [hostId = "", name = ""] = id.split("/");
  const host = cluster.hosts.find((each) => each.id === hostId);
  if (host === undefined) throw unknown(id, `Docker host ${hostId} is not in the environment`, "put it back");
  const container = `${cluster.name}-${name}`;
  const docker = new Engine(host, caller);
  try {
    const json = await ifFound(inspectContainer(docker, container));
    if (json === undefined) return await requireNoVolume(docker, cluster, id, container);
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
    const [first, ...others] = [...elsewhere, ...heldProblems(id, held, options)];
    if (first !== undefined) throw problemsFailure([first, ...others], `${id} was not removed`, EXIT.refused);
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
