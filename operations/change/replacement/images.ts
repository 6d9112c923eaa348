import type { Cluster } from "../../../model/cluster";
import { Stopwatch } from "../../base/stopwatch";
import type { Caller } from "../../base/caller/caller";
import { formatBytes } from "../../base/bytes";
import { Engine } from "../../docker/engine/engine";
import { type ImageJson, inspectImage, pullImage } from "../../docker/engine/images";
import { EXIT, Failure, oneLine, type Problem, problemsFailure } from "../../base/failure";
import type { Progress } from "../../base/progress";
import type { ImageVersions } from "../../cluster/nodes/image-on-data";
import type { Replacement } from "./replacement";

/** How often a pull is told of, in milliseconds. */
const TELL_MS = 15_000;

/**
 * Sees to it that every Docker host has the new image of the containers that are about to be replaced, and pulls it where
 * it is missing. Terraform destroys a container before it looks for the new one's image: a name with a typing error would
 * take all nodes down, and they could not come back.
 *
 * @returns what the new image says of itself, by the host's id
 * @throws Failure, before any container has gone
 */
export async function fetchImages(
  cluster: Cluster,
  replacements: readonly Replacement[],
  progress: Progress,
  caller: Caller,
): Promise<Map<string, ImageVersions>> {
  const versions = new Map<string, ImageVersions>();
  const problems = await Promise.all(
    cluster.hosts.map(async (host): Promise<Problem[]> => {
      const node = replacements.find(
        (each) => each.node.host === host.id && each.changes.some(({ kind }) => kind === "image"),
      )?.node;
      if (node === undefined) return [];
      const docker = new Engine(host, caller);
      try {
        versions.set(host.id, await fetchImage(docker, node.image, progress));
        return [];
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return [{ node: host.id, what: error.summary, remedy: error.remedy }];
      } finally {
        docker.close();
      }
    }),
  );
  const [first, ...others] = problems.flat();
  if (first !== undefined) {
    throw problemsFailure([first, ...others], "no container was replaced", EXIT.refused);
  }
  return versions;
}

/**
 * As `fetchImages`, one image on one Docker host.
 *
 * @throws Failure (refused) where it can't be had, or the Docker host can't be asked
 */
export async function fetchImage(docker: Engine, image: string, progress: Progress): Promise<ImageVersions> {
  try {
    const found = await inspectImage(docker, image);
    if (found !== undefined) return versionsIn(found);
    progress(`${docker.id}: pulling ${image}`);
    await pull(docker, image, progress);
    return versionsIn(await inspectImage(docker, image));
  } catch (error) {
    throw new Failure(
      `image ${image} can't be pulled: ${error instanceof Failure ? error.summary : oneLine(error)}`,
      `correct \`image\`, or load it there: ${docker.describe(["pull", image])}`,
      { exitCode: EXIT.refused, cause: error },
    );
  }
}

async function pull(docker: Engine, image: string, progress: Progress): Promise<void> {
  const told = new Stopwatch();
  await pullImage(docker, image, ({ current, total }) => {
    if (told.ms < TELL_MS) return;
    told.restart();
    progress(`${docker.id}: pulling ${image}: ${formatBytes(current)} of ${formatBytes(total)}`);
  });
}

export function versionsIn(image: Pick<ImageJson, "Config"> | undefined): ImageVersions {
  const variables = image?.Config?.Env ?? [];
  const valueOf = (name: string) =>
    variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  const major = /^\d+$/.exec(valueOf("PG_MAJOR"))?.[0];
  const citus = /^\d+\.\d+\.\d+/.exec(valueOf("CITUS_VERSION"))?.[0];
  return {
    ...(major === undefined ? {} : { major: Number(major) }),
    ...(citus === undefined ? {} : { citus }),
  };
}
