import type { Cluster, ClusterNode } from "../../../../model/cluster";
import { addedPaths, inspectContainer } from "../../../docker/engine/containers";
import type { Engine } from "../../../docker/engine/engine";
import { ifFound } from "../../../docker/engine/engine-failure";
import { exec } from "../../../docker/engine/exec";
import { type Problem, oneLine } from "../../../base/failure";
import { byDocker } from "../../../cluster/holdings/by-docker";
import { howToDiscard, mayDiscard } from "../../../cluster/holdings/discard-keys";
import type { DiscardOptions } from "../../../cluster/holdings/require-nothing-held";
import { askNeeds } from "./ask-needs";
import { type Missing, type Mounted, type Needs, findMissing } from "./needs";
import { providedByContainer, providedByImage } from "./provided";
import { AGAIN, advise } from "../../../base/remedy";

/** Docker's own names: such a volume goes with its container. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** How long one command in a container may take. In milliseconds. */
const LOOK_MS = 60_000;

/**
 * What a node's data needs that lies only in its container's own layer, and that the new container would not have: Terraform
 * makes it of the image alone, on the same volumes.
 *
 * @throws Failure where the Docker host doesn't answer
 */
export async function checkLayer(
  docker: Engine,
  node: ClusterNode,
  options: DiscardOptions,
): Promise<Problem[]> {
  const { cluster, progress, caller } = options;
  const missing = await findMissingIn(docker, cluster, node, progress);
  if (mayDiscard(cluster, node.id, caller.env)) {
    for (const { what } of missing) progress(`${node.id}: is lost, as \`discard\` says: ${what}`);
    return [];
  }
  const keys = howToDiscard(cluster, node.id, caller.env);
  return missing.map(({ what, remedy }, index) => ({
    node: node.id,
    what,
    remedy: index === 0 ? advise`${remedy}; then ${AGAIN}; ${keys}` : remedy,
  }));
}

async function findMissingIn(
  docker: Engine,
  cluster: Cluster,
  { id, container, image, settings }: ClusterNode,
  progress: DiscardOptions["progress"],
): Promise<Missing[]> {
  const json = await ifFound(inspectContainer(docker, container));
  if (json === undefined) return [];
  const mounted = json.Mounts.map(({ Type, Name = "", Destination }): Mounted => ({
    folder: Destination,
    kept: Type !== "volume" || !ANONYMOUS.test(Name),
  }));
  const foldersOf = (kept: boolean) => mounted.flatMap((each) => (each.kept === kept ? [each.folder] : []));
  if (!json.State.Running)
    return onlyInLayer(docker, { id, container, image }, "it is not running", progress);
  let needs: Needs;
  try {
    needs = await askNeeds(byDocker(docker, container, cluster), settings);
  } catch (error) {
    return onlyInLayer(docker, { id, container, image }, oneLine(error), progress);
  }
  const links = await linksOutOf(docker, container, foldersOf(true));
  const paths = [
    ...needs.paths,
    ...links.map(({ link, target }) => ({ name: target, of: `the link ${link} on the volume` })),
  ];
  const asked = [...paths, ...needs.libraries].map(({ name }) => name).filter((name) => name.startsWith("/"));
  const withEnding = [...new Set(asked.flatMap((path) => [path, `${path}.so`]))];
  const before = await providedByContainer(docker, container, withEnding);
  const after = await providedByImage(docker, image, withEnding);
  return [
    ...findMissing({ ...needs, paths }, before, after, mounted),
    ...(await filesIn(docker, container, foldersOf(false))),
  ];
}

/** Links on the volumes that lead elsewhere. Those of tablespaces have a look of their own. */
async function linksOutOf(
  docker: Engine,
  container: string,
  folders: readonly string[],
): Promise<{ link: string; target: string }[]> {
  if (folders.length === 0) return [];
  const script = `find "$@" -xdev -type l ! -path '*/pg_tblspc/*' 2>/dev/null | head -1000 | while IFS= read -r l; do printf '%s\\t%s\\n' "$l" "$(readlink -f "$l")"; done`;
  const command = ["sh", "-c", script, "sh", ...folders];
  const { stdout } = await exec(docker, container, command, { timeout: LOOK_MS });
  return stdout.split("\n").flatMap((line) => {
    const [link, target] = line.split("\t");
    return link === undefined || target === undefined || target === "" ? [] : [{ link, target }];
  });
}

/** The image declares a volume of its own, which stays empty in our containers unless somebody puts something there. */
async function filesIn(docker: Engine, container: string, folders: readonly string[]): Promise<Missing[]> {
  const found: Missing[] = [];
  for (const folder of folders) {
    const script = 'find "$1" -mindepth 1 | head -1000 | wc -l; du -sh "$1" | cut -f1';
    const command = ["sh", "-c", script, "sh", folder];
    const { stdout } = await exec(docker, container, command, { timeout: LOOK_MS });
    const [files = "", size = ""] = stdout.trim().split("\n");
    if (Number(files) > 0)
      found.push({
        what: `${files} files (${size}) are in ${folder}, on a volume that Docker removes with the container`,
        remedy: "move them to the volume of the data, or elsewhere",
      });
  }
  return found;
}

/** Of a container whose server can't be asked: what was installed in it, which its image doesn't have. */
async function onlyInLayer(
  docker: Engine,
  { id, container, image }: Pick<ClusterNode, "id" | "container" | "image">,
  why: string,
  progress: DiscardOptions["progress"],
): Promise<Missing[]> {
  const paths = await addedPaths(docker, container, LOOK_MS);
  const added = paths.filter((path) => /\.(so|control)$/.test(path));
  progress(
    `${id}: cannot determine what its databases need of its container (${why}): only installed libraries are checked`,
  );
  if (added.length === 0) return [];
  const provided = await providedByImage(docker, image, added);
  return added
    .filter((path) => !provided.paths.has(path))
    .map((path) => ({
      what: `${path} was installed in the container and is not in the image`,
      remedy:
        "start the server, so that pg-dist can check whether its data needs it; or use an image that has it, as `image` of the environment",
    }));
}
