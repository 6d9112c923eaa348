import type { Cluster } from "../environments/cluster";
import { DockerHost } from "./docker-host";
import type { ExistingNode, RunningContainer } from "./guard-nodes";
import type { Progress } from "./progress";
import { oneLine } from "./failure";

/** How long a Docker host may take to answer. In milliseconds. */
const INSPECT_MS = 30_000;

/**
 * Adds what Docker says of the containers whose record differs from what is wanted in what PostgreSQL can't tell: image and
 * CPU limit. So those that were replaced one by one no longer count. A host that can't be asked leaves its nodes to
 * their records.
 */
export async function readContainers(
  cluster: Cluster,
  nodes: readonly ExistingNode[],
  { progress, env }: { progress: Progress; env: NodeJS.ProcessEnv },
): Promise<ExistingNode[]> {
  const unsure = nodes.filter(
    ({ wanted, recorded }) =>
      recorded?.image !== wanted.image || (recorded.cpus ?? undefined) !== wanted.cpus,
  );
  const found = new Map<string, RunningContainer>();
  await Promise.all(
    cluster.hosts.map(async (host) => {
      const containers = unsure.flatMap(({ wanted }) => (wanted.host === host.id ? [wanted.container] : []));
      if (containers.length === 0) return;
      const docker = new DockerHost(host, env);
      try {
        for (const [name, container] of await inspect(docker, containers)) found.set(name, container);
      } catch (error) {
        progress(`${host.id}: its containers are judged by what was registered (${oneLine(error)})`);
      } finally {
        docker.close();
      }
    }),
  );
  return nodes.map((node) => ({ ...node, container: found.get(node.wanted.container) }));
}

/** Of those that exist. */
async function inspect(
  docker: DockerHost,
  containers: readonly string[],
): Promise<[string, RunningContainer][]> {
  const format = "{{.Name}} {{.HostConfig.NanoCpus}} {{.Config.Image}}";
  const result = await docker.try(["container", "inspect", "--format", format, ...containers], INSPECT_MS);
  if (result.stdout === "" && !/No such container/i.test(result.stderr)) {
    throw docker.failure(["container", "inspect"], result);
  }
  return result.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", nanoCpus, image = ""] = line.split(" ");
      const cpus = Number(nanoCpus) / 1e9;
      return [name.replace(/^\//, ""), { image, ...(cpus === 0 ? {} : { cpus }) }];
    });
}
