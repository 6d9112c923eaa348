import { isCoordinatorId } from "../../../model/contract/node-id";
import { type Cluster, majorOfImage } from "../../../model/cluster";
import type { Problem } from "../../base/failure";
import { type Remedy, advise, commandIn } from "../../base/remedy";
import { type PlanJson, commandsOf } from "../../terraform/plan";
import { EXPECT, clusterDigest, clusterText } from "../../../model/contract/cluster-file";
import { type ForbiddenImage, findForbidden, versionOfImage } from "../../cluster/nodes/image-on-data";
import type { Impact, NodeImpact } from "./impact";
import type { LiveFacts } from "./live-facts";

/** Why a plan must not be approved; the codes stay the same in every version. */
type RefusalCode =
  | "state-lacks"
  | "protected"
  | "incomplete-plan"
  | "data-lost"
  | "volume-gone"
  | "coordinator-with-workers"
  | "all-at-once"
  | "image"
  | "removal"
  | "other-code"
  | "other-cluster";

export interface Refusal {
  readonly code: RefusalCode;
  /** Ids of the nodes that it is about; none for the plan as a whole. */
  readonly nodes: readonly string[];
  readonly what: string;
  readonly remedy: Remedy;
}

/**
 * What must not be approved of a plan, by the plan and the configuration alone.
 *
 * @param cluster as it is wanted
 * @param stopped why Terraform itself refused to go on with it; undefined where it didn't, or nobody knows
 */
export function findRefusals(
  plan: PlanJson,
  { nodes }: Impact,
  cluster: Cluster,
  stopped?: Stopped,
): Refusal[] {
  const ids = (fate: NodeImpact["fate"]) => nodes.filter((node) => node.fate === fate).map(({ id }) => id);
  const images = wrongImages(nodes, cluster);
  // One by one is no better with an image that can't read the data.
  const replaced = ids("replaced").filter((id) => !images.some((refusal) => refusal.nodes.includes(id)));
  return [
    ...incomplete(plan, stopped),
    ...otherCode(plan, cluster),
    ...lostData(nodes.filter(({ fate }) => fate === "data-lost")),
    ...goneVolumes(ids("emptied")),
    ...togetherReplaced(replaced, cluster),
    ...images,
  ];
}

/** That Terraform stopped a plan on purpose. */
export type Stopped = Pick<Problem, "what" | "remedy">;

/**
 * What must not be approved by what the running cluster says: another server than the coordinator that is meant, and workers
 * that can't be emptied, for want of room or for what their tables are; and that it runs, while the state is empty.
 */
export function refusalsOfCluster(live: LiveFacts, cluster: Cluster): Refusal[] {
  const obstacles = live.asked ? live.foresight.obstacles : [];
  return [
    ...stateLacks(live, cluster),
    ...live.doubts.map(({ what, remedy }): Refusal => ({ code: "other-cluster", nodes: [], what, remedy })),
    ...obstacles.map(({ node, what, remedy }): Refusal => ({
      code: "removal",
      nodes: node.split(", "),
      what: `${node}: ${what}`,
      remedy,
    })),
  ];
}

/** An apply would fail in the middle, where the names of containers and volumes are taken. */
function stateLacks({ lacking }: LiveFacts, { environment }: Cluster): Refusal[] {
  if (lacking === undefined) return [];
  const { nodes, all, at } = lacking;
  return [
    {
      code: "state-lacks",
      nodes,
      what: all
        ? `the state is empty, but a cluster answers at ${at}`
        : `the state doesn't have ${list(nodes)}, but the cluster that answers at ${at} does`,
      remedy: advise`if the state was moved, declare the backend that it is in now (docs/state.md); if it is lost, ${commandIn({ environment }, "recover")} recreates it
          from what is running; then review again`,
    },
  ];
}

function incomplete(plan: PlanJson, stopped: Stopped | undefined): Refusal[] {
  if (plan.errored !== true) return [];
  if (stopped !== undefined) return [{ code: "protected", nodes: [], ...stopped }];
  return [
    {
      code: "incomplete-plan",
      nodes: [],
      what: "the plan failed halfway, so that not all that it would do is known",
      remedy: "fix what Terraform reports, and plan again",
    },
  ];
}

/** Its own steps would refuse it one by one, and only once they run. */
function otherCode(plan: PlanJson, cluster: Cluster): Refusal[] {
  const expecting = commandsOf(plan).filter((command) => command.includes(` ${EXPECT} `));
  const wanted = `${EXPECT} ${clusterDigest(clusterText(cluster))}`;
  if (expecting.every((command) => command.includes(wanted))) return [];
  return [
    {
      code: "other-code",
      nodes: [],
      what: "the plan was made for another cluster, or from another version of the code, than the one here",
      remedy: "take the plan and the code of the same commit, or review without --plan",
    },
  ];
}

function lostData(lost: readonly NodeImpact[]): Refusal[] {
  if (lost.length === 0) return [];
  const ids = lost.map(({ id }) => id);
  const anew = lost.some(({ newVolume }) => newVolume) ? ", and recreated, empty" : "";
  const volumes = ids.length === 1 ? "the data volume is" : "the data volumes are";
  return [
    {
      code: "data-lost",
      nodes: ids,
      what: `${list(ids)}: ${volumes} destroyed${anew}; nothing is moved away first`,
      remedy:
        "undo in the environment what renames or moves it: the cluster's name, the coordinator's host, a node's name; a worker " +
        "leaves by being deleted there, and its shards are moved first. To give the whole cluster up: docs/destroy.md",
    },
  ];
}

function goneVolumes(ids: readonly string[]): Refusal[] {
  if (ids.length === 0) return [];
  const one = ids.length === 1;
  const volumes = one ? "the volume with its data is" : "the volumes with their data are";
  return [
    {
      code: "volume-gone",
      nodes: ids,
      what: `${list(ids)}: ${volumes} gone, and would be recreated, empty`,
      remedy: one
        ? "bring the volume back from its server or a backup; docs/forget.md is for one that is lost"
        : "bring the volumes back from their servers or backups; docs/forget.md is for those that are lost",
    },
  ];
}

/** All of them stop at the same time: Terraform knows no order among them. */
function togetherReplaced(ids: readonly string[], cluster: Cluster): Refusal[] {
  if (ids.length < 2 || cluster.rollout === "all-at-once") return [];
  const both = ids.some(isCoordinatorId);
  return [
    {
      code: both ? "coordinator-with-workers" : "all-at-once",
      nodes: ids,
      what: both
        ? `the coordinator is replaced together with ${ids.length - 1} worker${ids.length === 2 ? "" : "s"}: the cluster is down meanwhile`
        : `${ids.length} containers are replaced at once: their shards can't be reached meanwhile`,
      remedy:
        'replace them one by one (docs/changing-a-cluster.md), or set `rollout: "all-at-once"` in the environment',
    },
  ];
}

function wrongImages(nodes: readonly NodeImpact[], cluster: Cluster): Refusal[] {
  const data = nodes.flatMap(({ id, fate, image }) => {
    const wanted = cluster.nodes.find((node) => node.id === id);
    if (wanted === undefined || image.before === undefined || fate === "data-lost") return [];
    return [{ wanted, major: majorOfImage(image.before), citus: versionOfImage(image.before) }];
  });
  // One fault of one edit, though each node has it.
  const faults = new Map<string, ForbiddenImage[]>();
  for (const each of findForbidden(data)) faults.set(each.what, [...(faults.get(each.what) ?? []), each]);
  return [...faults.values()].flatMap((those) => {
    const ids = those.map(({ node }) => node);
    return those.slice(0, 1).map(({ what, ofSeveral, remedy }): Refusal => ({
      ...{ code: "image", nodes: ids, remedy },
      what: `${list(ids)}: ${ids.length === 1 ? what : ofSeveral}`,
    }));
  });
}

/** Of many nodes only the first: the report names each. */
function list(ids: readonly string[]): string {
  return ids.length <= 3 ? ids.join(", ") : `${ids.slice(0, 2).join(", ")} and ${ids.length - 2} more`;
}
