import { ipv4Range, overlap } from "./address";
import { type Cluster, clusterName, describeCluster, subnetOf } from "./cluster";
import type { Environment } from "./environment";
import { type Problem, reportTo } from "./problem";
import { checkShape } from "./validation-shape";

/** What is wrong between environments: the same name, or the same volumes, ports or network on one Docker host. */
export function findConflicts(environments: readonly Environment[]): Problem[] {
  // What isn't even of its type is reported by findProblems.
  const sound = environments.filter(hasShape);
  return sound.flatMap((environment, index) =>
    sound.slice(0, index).flatMap((earlier) => conflictsOf(environment, earlier)),
  );
}

function hasShape(environment: Environment): boolean {
  let sound = true;
  checkShape(environment, () => (sound = false));
  return sound;
}

function conflictsOf(environment: Environment, earlier: Environment): Problem[] {
  const problems: Problem[] = [];
  const report = reportTo(problems, environment.name);

  if (environment.name === earlier.name) {
    report(
      "name",
      `"${environment.name}" is the name of two environments: they would share a stack and a state.`,
    );
  }
  const [cluster, other] = [clusterName(environment), clusterName(earlier)];
  const earlierHosts = new Map(Object.entries(earlier.hosts).map(([id, host]) => [host.connection, id]));
  for (const [id, host] of Object.entries(environment.hosts)) {
    const earlierId = earlierHosts.get(host.connection);
    const earlierHost = earlierId === undefined ? undefined : earlier.hosts[earlierId];
    if (earlierId === undefined || earlierHost === undefined) continue;
    const where = `Docker host ${host.connection}, shared with environment ${earlier.name}`;
    if (cluster === other) {
      report(
        "cluster",
        `"${cluster}" is used twice on ${where}: they would share volumes. Give one another cluster name.`,
      );
      continue;
    }
    const ranges = [ipv4Range(subnetOf(cluster, host)), ipv4Range(subnetOf(other, earlierHost))] as const;
    if (ranges[0] !== undefined && ranges[1] !== undefined && overlap(ranges[0], ranges[1])) {
      report(
        `hosts.${id}.subnet`,
        `${subnetOf(cluster, host)} overlaps ${subnetOf(other, earlierHost)} on ${where}: pin another.`,
      );
    }
    const taken = publishedPorts(describeCluster(earlier), earlierId);
    for (const [port, node] of publishedPorts(describeCluster(environment), id)) {
      if (taken.has(port))
        report(`port of ${node}`, `${port} is published by ${taken.get(port)} on ${where}: choose another.`);
    }
  }
  return problems;
}

function publishedPorts(cluster: Cluster, host: string): Map<number, string> {
  return new Map(
    cluster.nodes.flatMap((node) =>
      node.host === host && node.published !== undefined ? [[node.published.port, node.id]] : [],
    ),
  );
}
