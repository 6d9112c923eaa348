import type { Cluster } from "../environments/cluster";
import { DockerHost } from "./docker-host";
import { EXIT, Failure, oneLine, type Problem, problemsFailure } from "./failure";
import type { Replacement } from "./guard-differences";
import type { Progress } from "./progress";

/** How long a pull may take. In milliseconds. */
const PULL_MS = 20 * 60_000;

/**
 * Sees to it that every Docker host has the new image of the containers that are about to be replaced, and pulls it where
 * it is missing. For a local engine or a TCP port that takes the docker command on this machine, for ssh nothing. Terraform destroys a container before it looks for the new one's image: a name with a typing error would
 * take all nodes down, and they could not come back.
 *
 * @throws Failure, before any container has gone
 */
export async function fetchImages(
  cluster: Cluster,
  replacements: readonly Replacement[],
  progress: Progress,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const problems = await Promise.all(
    cluster.hosts.map(async (host): Promise<Problem[]> => {
      const node = replacements.find(
        (each) => each.node.host === host.id && each.changes.some((change) => change.startsWith("image ")),
      )?.node;
      if (node === undefined) return [];
      const docker = new DockerHost(host, env);
      try {
        const found = await docker.try(["image", "inspect", "--format", "{{.Id}}", node.image]);
        if (found.code === 0) return [];
        progress(`${host.id}: pulling ${node.image}`);
        await docker.run(["pull", "--quiet", node.image], PULL_MS);
        return [];
      } catch (error) {
        const what = error instanceof Failure ? error.summary : oneLine(error);
        return [
          {
            node: host.id,
            what: `image ${node.image} can't be had: ${what}`,
            remedy: `correct \`image\`, or load it there: ${docker.describe(["pull", node.image])}`,
          },
        ];
      } finally {
        docker.close();
      }
    }),
  );
  const [first, ...others] = problems.flat();
  if (first !== undefined) {
    throw problemsFailure([first, ...others], "no container was replaced", EXIT.refused);
  }
}
