import type { Cluster, ClusterNode } from "../../../model/cluster";
import { dataVolume } from "../../../model/contract/volumes";
import type { Explained } from "../../cluster/nodes/connection-cause";
import { remakeNetworkRemedy } from "../../cluster/nodes/remedies";
import type { Fate } from "../review/impact";
import { compareContainer, otherContainers, unmanagedContainer } from "./compare-container";
import { VOLUME_GONE_REMEDY } from "./compare-plan";
import { type DeclaredStack, volumeOf } from "./declared-containers";
import type { Drift } from "./drift";
import type { HostFacts } from "./read-host";

interface Known {
  readonly cluster: Cluster;
  readonly stack: DeclaredStack;
  /** What an apply would do; see `PlanDrift`. */
  readonly fates: ReadonlyMap<string, Fate>;
  /** Ids of Terraform's containers; undefined where Terraform could not be asked. */
  readonly managed?: ReadonlySet<string>;
}

/** What a Docker host has otherwise than it is declared, and no plan shows. */
export function compareHost(facts: HostFacts, known: Known): Drift[] {
  const { cluster, fates, managed } = known;
  // Of one that is not deployed yet nothing is there, which the plan says.
  const nodes = cluster.nodes.filter(({ id, host }) => host === facts.host.id && fates.get(id) !== "joins");
  return [
    ...nodes.flatMap((node) => ofNode(node, facts, known)),
    ...(nodes.length === 0 ? [] : network(facts, nodes, known)),
    ...nodes.flatMap((node) => dataPath(node, facts, known)),
    ...otherContainers(facts, cluster, managed ?? new Set()),
    ...otherSilent(facts, cluster),
  ];
}

/** Of one that is running nothing is wrong but that it can't be compared. */
function silentContainer(
  where: string,
  { listed, what, remedy }: Explained & { readonly listed: string },
): Drift {
  return listed === "running"
    ? { code: "unknown", severity: "warning", where: [where], what, remedy }
    : { code: "container-stopped", severity: "broken", where: [where], what, remedy };
}

function otherSilent({ host, silent }: HostFacts, { nodes }: Cluster): Drift[] {
  const names = new Set(nodes.filter((node) => node.host === host.id).map(({ container }) => container));
  return [...silent].flatMap(([name, { what, remedy }]): Drift[] =>
    names.has(name) ? [] : [{ code: "unknown", severity: "warning", where: [host.id], what, remedy }],
  );
}

function ofNode(node: ClusterNode, facts: HostFacts, { cluster, stack, fates, managed }: Known): Drift[] {
  const { container } = node;
  const where = [node.id];
  const silent = facts.silent.get(container);
  if (silent !== undefined) return [silentContainer(node.id, silent)];
  const json = facts.containers.get(container);
  const down = facts.down.get(container);
  if (json === undefined) {
    const volume = dataVolume(container);
    if (!facts.volumes.some(({ Name }) => Name === volume)) {
      const what = `its volume ${volume} with its data is gone`;
      return [{ code: "volume-missing", severity: "broken", where, what, remedy: VOLUME_GONE_REMEDY }];
    }
    return down === undefined ? [] : [{ code: "container-missing", severity: "broken", where, ...down }];
  }
  if (managed !== undefined && !managed.has(json.Id)) return [unmanagedContainer(node, json, cluster)];
  const stopped: Drift[] =
    down === undefined ? [] : [{ code: "container-stopped", severity: "broken", where, ...down }];
  const declared = stack.containers.get(node.id);
  // A new container will have it all.
  if (declared === undefined || fates.get(node.id) === "replaced") return stopped;
  return [...stopped, ...compareContainer(node, declared, json, { cluster, facts })];
}

/** A later `subnet` is ignored while the network is there (constructs/docker-host.ts). */
function network(
  { host, network: found }: HostFacts,
  nodes: readonly ClusterNode[],
  { cluster, stack }: Known,
): Drift[] {
  const where = [host.id];
  if (found === undefined) {
    return [
      {
        code: "network-missing",
        severity: "broken",
        where,
        what: `the cluster's network ${cluster.name} is gone`,
        remedy: remakeNetworkRemedy(cluster, nodes, { isThere: false }),
      },
    ];
  }
  const declared = stack.subnets.get(host.id);
  const subnets = (found.IPAM.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []);
  if (declared === undefined || subnets.includes(declared)) return [];
  return [
    {
      code: "subnet",
      severity: "advice",
      where,
      what: `the network ${cluster.name} has another subnet`,
      declared,
      found: subnets.join(", ") || "none",
      remedy: remakeNetworkRemedy(cluster, nodes, { isThere: true }),
    },
  ];
}

/** A volume that is there stays where it is, whatever `dataPath` says later. */
function dataPath({ id, container, host }: ClusterNode, { volumes }: HostFacts, { stack }: Known): Drift[] {
  const name = dataVolume(container);
  const volume = volumes.find(({ Name }) => Name === name);
  if (volume === undefined) return [];
  const [declared, found] = [stack.devices.get(volumeOf(host, name)), volume.Options?.["device"]];
  if ((declared ?? "") === (found ?? "")) return [];
  const engine = "the engine's own directory";
  return [
    {
      code: "data-path",
      severity: "advice",
      where: [id],
      what: `its volume ${name} is not where \`dataPath\` says`,
      ...{ declared: declared ?? engine, found: found || engine },
      remedy: `declare in the environment where it is: ${found ? `dataPath: "${found.replace(/\/[^/]*$/, "")}"` : "no dataPath"} for ${host}; or drain the worker, and let it leave and join again`,
    },
  ];
}
