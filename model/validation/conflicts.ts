import { volumesOf } from "../contract/volumes";
import { ipv4Range, isAllInterfaces, overlap } from "../address";
import {
  type Cluster,
  type ClusterNode,
  clusterName,
  describeCluster,
  formatEndpoint,
  subnetOf,
} from "../cluster";
import { engineKey } from "../docker-connection";
import type { DockerHostOptions, Environment } from "../environment";
import { type Problem, type Report, reportTo } from "./problem";
import { stateLocation } from "../state-location";
import { fieldOf } from "./node";
import { checkShape } from "./shape";

/**
 * What is wrong between environments: the same name, the same state, or the same volumes, ports or network on one Docker
 * host.
 */
export function findConflicts(environments: readonly Environment[]): Problem[] {
  // What isn't even of its type is reported by findProblems.
  const sound = environments.filter(hasShape);
  return sound.flatMap((environment, index) =>
    sound.slice(0, index).flatMap((earlier) => conflictsOf(environment, earlier)),
  );
}

/**
 * Why two environments of different names mean one cluster, in words: a file that was copied, and only its name changed.
 * Whatever changes one would change the other.
 */
export function findTwins(environment: Environment, other: Environment): string[] {
  if (!hasShape(environment) || !hasShape(other) || clusterName(environment) !== clusterName(other))
    return [];
  const both = `environments ${environment.name} and ${other.name} are one cluster`;
  const [shared] = sharedHosts(environment, other);
  if (shared !== undefined)
    return [`${both}: both have cluster "${clusterName(environment)}" on ${shared.host.connection}`];
  const endpoint = sharedCoordinator(environment, other);
  return endpoint === undefined
    ? []
    : [`${both}: both have cluster "${clusterName(environment)}" with its coordinator at ${endpoint}`];
}

/** An address that means the same wherever it is looked up: not a container's name, which each Docker host has for itself. */
function sharedCoordinator(environment: Environment, other: Environment): string | undefined {
  const [own, others] = [environment, other].map((each) => {
    const [coordinator] = describeCluster(each).nodes;
    return coordinator === undefined || coordinator.endpoint.host === coordinator.container
      ? undefined
      : formatEndpoint(coordinator.endpoint).toLowerCase();
  });
  return own === others ? own : undefined;
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
      `"${environment.name}" is the name of two environments: they would share a stack and a state`,
    );
  } else {
    checkState(environment, earlier, report);
  }
  const shared = sharedHosts(environment, earlier);
  if (shared.length === 0 && clusterName(environment) === clusterName(earlier)) {
    const endpoint = sharedCoordinator(environment, earlier);
    if (endpoint !== undefined) {
      report(
        "cluster",
        `"${clusterName(environment)}" with its coordinator at ${endpoint} is also environment ${earlier.name}: they could not be ` +
          "told apart; give its host an address of its own (a name will do), or give a new cluster another name",
      );
    }
  }
  for (const each of shared) {
    if (clusterName(environment) === clusterName(earlier)) {
      report(
        "cluster",
        `"${clusterName(environment)}" is used twice on ${each.where}: they would share volumes; give one of them a different cluster name`,
      );
    } else {
      checkVolumes(each, report);
      checkSubnets(environment, earlier, each, report);
      checkPorts(each, report);
    }
  }
  return problems;
}

/** One Terraform would take the other's resources for its own, and destroy them. */
function checkState(environment: Environment, earlier: Environment, report: Report): void {
  const location = stateLocation(environment);
  if (location === undefined || location !== stateLocation(earlier)) return;
  // A connection string may hold a password.
  const shown = location.replace(/conn_str=.*/s, "conn_str=...");
  report("backend", `${shown} is where environment ${earlier.name} keeps its state: each needs its own`);
}

/** A Docker host that both environments name, whatever they call it. */
interface SharedHost {
  readonly id: string;
  readonly host: DockerHostOptions;
  readonly nodes: readonly ClusterNode[];
  readonly earlierHost: DockerHostOptions;
  readonly earlierNodes: readonly ClusterNode[];
  /** For the message. */
  readonly where: string;
}

function sharedHosts(environment: Environment, earlier: Environment): SharedHost[] {
  const [cluster, earlierCluster] = [describeCluster(environment), describeCluster(earlier)];
  const earlierIds = new Map(
    Object.entries(earlier.hosts).map(([id, host]) => [engineKey(host.connection), id]),
  );
  return Object.entries(environment.hosts).flatMap(([id, host]) => {
    const earlierId = earlierIds.get(engineKey(host.connection));
    const earlierHost = earlierId === undefined ? undefined : earlier.hosts[earlierId];
    if (earlierId === undefined || earlierHost === undefined) return [];
    return [
      {
        ...{ id, host, nodes: nodesOn(cluster, id) },
        ...{ earlierHost, earlierNodes: nodesOn(earlierCluster, earlierId) },
        where: `Docker host ${host.connection}, shared with environment ${earlier.name}`,
      },
    ];
  });
}

function nodesOn(cluster: Cluster, host: string): ClusterNode[] {
  return cluster.nodes.filter((node) => node.host === host);
}

/** Cluster `citus-eu` with `worker1` and cluster `citus` with `eu-worker1` have one volume. */
function checkVolumes({ nodes, earlierNodes, where }: SharedHost, report: Report): void {
  const taken = new Map(
    earlierNodes.flatMap((node) => volumesOf(node.container).map((volume) => [volume, node.id])),
  );
  for (const node of nodes) {
    const volume = volumesOf(node.container).find((each) => taken.has(each));
    const owner = volume === undefined ? undefined : taken.get(volume);
    if (volume === undefined || owner === undefined) continue;
    report(
      fieldOf(node),
      `its volume ${volume} is one of ${owner} on ${where}: choose another name of the worker or cluster`,
    );
  }
}

function checkSubnets(
  environment: Environment,
  earlier: Environment,
  shared: SharedHost,
  report: Report,
): void {
  const { id, host, earlierHost, where } = shared;
  const own = subnetOf(clusterName(environment), host);
  const other = subnetOf(clusterName(earlier), earlierHost);
  const ranges = [ipv4Range(own), ipv4Range(other)] as const;
  if (ranges[0] !== undefined && ranges[1] !== undefined && overlap(ranges[0], ranges[1])) {
    report(`hosts.${id}.subnet`, `${own} overlaps ${other} on ${where}: pin another`);
  }
}

function checkPorts({ nodes, earlierNodes, where }: SharedHost, report: Report): void {
  for (const node of nodes) {
    const { published } = node;
    const other = earlierNodes.find((earlier) => publishedTogether(published, earlier.published));
    if (published === undefined || other === undefined) continue;
    report(
      `${fieldOf(node)}.port`,
      `${formatEndpoint({ host: published.ip, port: published.port })} is published by ${other.id} on ${where}: choose another`,
    );
  }
}

/** Whether one of two published ports takes the other. */
function publishedTogether(a: ClusterNode["published"], b: ClusterNode["published"]): boolean {
  if (a === undefined || b === undefined || a.port !== b.port) return false;
  return a.ip === b.ip || isAllInterfaces(a.ip) || isAllInterfaces(b.ip);
}
