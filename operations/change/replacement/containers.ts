import type { Cluster } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { explainSilent } from "../../docker/container-state";
import type { ContainerJson } from "../../docker/engine/containers";
import { Engine } from "../../docker/engine/engine";
import { inspectContainers } from "../../docker/engine/inspect-containers";
import type { ExistingNode, RunningContainer } from "./nodes";
import { oneLine } from "../../base/failure";
import type { Progress } from "../../base/progress";

/**
 * Adds what Docker says of the containers whose record differs from what is wanted in what PostgreSQL can't tell: image and
 * CPU limit. So those that were replaced one by one no longer count. A host that can't be asked, or can't about a container,
 * leaves its nodes to their records.
 */
export async function readContainers(
  cluster: Cluster,
  nodes: readonly ExistingNode[],
  { progress, caller }: { readonly progress: Progress; readonly caller: Caller },
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
      const docker = new Engine(host, caller);
      try {
        const inspected = await inspectContainers(docker, containers);
        for (const [name, json] of inspected.found) found.set(name, runningOf(json));
        for (const [name, listed] of inspected.silent) {
          const { what, remedy } = explainSilent(listed, docker, name);
          progress(
            `${host.id}: the container ${name} is judged by what was registered (it ${what}: ${remedy})`,
          );
        }
      } catch (error) {
        progress(`${host.id}: its containers are judged by what was registered (${oneLine(error)})`);
      } finally {
        docker.close();
      }
    }),
  );
  return nodes.map((node) => ({ ...node, container: found.get(node.wanted.container) }));
}

function runningOf({ Config, HostConfig }: ContainerJson): RunningContainer {
  const cpus = HostConfig.NanoCpus / 1e9;
  return { image: Config.Image, ...(cpus === 0 ? {} : { cpus }) };
}
