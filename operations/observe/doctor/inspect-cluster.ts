import { clusterName, subnetOf } from "../../../model/cluster";
import { Deadline } from "../../base/deadline";
import type { Cluster, ClusterNode } from "../../../model/cluster";
import type { Environment } from "../../../model/environment";
import type { Target } from "../../cluster/connection/target";
import { Engine } from "../../docker/engine/engine";
import { inspectCoordinator } from "./inspect-coordinator";
import { type HostAnswer, askHost } from "./ask-host";
import { lookInside } from "./look-inside";
import type { HostInspection, NodeInspection, Inspection } from "./inspection";

/**
 * Asks all Docker hosts at once, each from outside in; every question is bounded.
 *
 * @param target its `timeoutMs` is how long one Docker host may take in all
 */
export async function inspectCluster(
  target: Target & { readonly environment: Environment; readonly cluster: Cluster },
): Promise<Inspection> {
  const { environment, cluster, caller, timeoutMs } = target;
  const password = caller.credentials.requireSuperuser().value;
  const coordinator = inspectCoordinator(target);
  const answers = await Promise.all(
    cluster.hosts.map(async (host) => {
      const deadline = Deadline.in(timeoutMs);
      const remaining = () => deadline.left(1);
      const docker = new Engine(host, caller);
      const nodes = cluster.nodes.filter((node) => node.host === host.id);
      const declared = environment.hosts[host.id];
      try {
        const answer = await askHost(
          docker,
          {
            host,
            dataPath: declared?.dataPath,
            images: [...new Set(nodes.map(({ image }) => image))],
            containers: nodes.map(({ container }) => container),
            network: clusterName(environment),
            subnet: declared === undefined ? "" : subnetOf(cluster.name, declared),
          },
          remaining,
        );
        const inside = await lookInside(docker, nodes, answer, {
          cluster,
          password,
          timeoutMs,
          remaining,
        });
        return { ...answer, inside };
      } finally {
        docker.close();
      }
    }),
  );
  const hosts: HostInspection[] = answers.map(({ inspection }) => inspection);
  const containers = new Map(answers.map(({ inspection, containers }) => [inspection.host.id, containers]));
  const inside = new Map(answers.flatMap((answer) => [...answer.inside]));
  const { connection, registered, roles, otherDatabases } = await coordinator;
  return {
    cluster,
    hosts,
    nodes: cluster.nodes.map((node): NodeInspection => ({
      node,
      container: containerOf(node, containers.get(node.host)),
      inside: inside.get(node.id)?.inside,
    })),
    connection,
    roles,
    otherDatabases,
    registered:
      [...inside.values()].find((answer) => answer.registered !== undefined)?.registered ?? registered,
  };
}

function containerOf(node: ClusterNode, containers: HostAnswer["containers"]): NodeInspection["container"] {
  if (containers === undefined) return undefined;
  return containers.get(node.container) ?? "missing";
}
