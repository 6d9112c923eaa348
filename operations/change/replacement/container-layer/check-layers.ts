import { Engine } from "../../../docker/engine/engine";
import { type Problem, oneLine } from "../../../base/failure";
import type { Replacement } from "../replacement";
import type { DiscardOptions } from "../../../cluster/holdings/require-nothing-held";
import { checkLayer } from "./check-layer";

/**
 * As `checkLayer`, of all containers that are about to be replaced. A Docker host that can't be asked from here leaves it to
 * the guard of each of its containers, which says so too.
 */
export async function checkLayers(
  replacements: readonly Replacement[],
  options: DiscardOptions,
): Promise<Problem[]> {
  const problems = await Promise.all(
    options.cluster.hosts.map(async (host) => {
      const docker = new Engine(host, options.caller);
      const found: Problem[] = [];
      try {
        // One after the other: each is several logins, of which a server takes only some at once.
        for (const { node } of replacements)
          if (node.host === host.id) found.push(...(await checkLayer(docker, node, options)));
      } catch (error) {
        options.progress(
          `${host.id}: its containers are not inspected before they are replaced: ${oneLine(error)}`,
        );
      } finally {
        docker.close();
      }
      return found;
    }),
  );
  return problems.flat();
}
