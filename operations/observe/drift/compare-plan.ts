import type { Cluster } from "../../../model/cluster";
import { resourceOf } from "../../../model/contract/resource";
import type { DriftCode } from "../../../model/drift-code";
import { type Remedy, advise, commandIn, deployOf } from "../../base/remedy";
import { replaceContainer } from "../../base/terraform-command";
import type { PlanJson, ResourceChange } from "../../terraform/plan";
import { type AttributeChange, attributeChanges } from "../review/attribute-changes";
import { type Fate, type Impact, type NodeImpact, impactOf } from "../review/impact";
import type { Drift } from "./drift";

/** What a plan says of the difference between the configuration and what Terraform knows. */
export interface PlanDrift {
  readonly drifts: readonly Drift[];
  /** By node id what an apply would do to it; none of those to which it would do nothing. */
  readonly fates: ReadonlyMap<string, Fate>;
  /** Ids of all containers that Terraform has, these nodes' and others. */
  readonly containers: ReadonlySet<string>;
}

/** What is seen better at the container itself, which Docker is asked for. */
const BY_DOCKER: ReadonlySet<Fate> = new Set(["emptied", "returns", "starts"]);

/**
 * @param seen hosts that Docker answered for: what it says of their containers, volumes and networks is not said twice
 */
export function comparePlan(plan: PlanJson, cluster: Cluster, seen: ReadonlySet<string>): PlanDrift {
  const impact = impactOf(plan);
  const changing = impact.nodes.filter(({ fate }) => fate !== "unchanged");
  const told = changing
    .filter(({ id, fate }) => !(BY_DOCKER.has(fate) && seen.has(id.split("/")[0] ?? "")))
    .flatMap((node) => ofNode(node, plan, cluster));
  const others = ofOthers(impact, plan, cluster, seen);
  const drifts = [...told, ...others];
  return {
    drifts: drifts.length > 0 || changing.length > 0 ? drifts : ofSteps(impact, cluster),
    fates: new Map(changing.map(({ id, fate }) => [id, fate])),
    containers: new Set(
      (plan.resource_changes ?? [])
        .filter(({ type }) => type === "docker_container")
        .flatMap(({ change }) => {
          const id = change.before?.["id"];
          return typeof id === "string" ? [id] : [];
        }),
    ),
  };
}

function ofNode(node: NodeImpact, plan: PlanJson, cluster: Cluster): Drift[] {
  const { id, fate } = node;
  if (fate === "updated" || fate === "replaced") return ofChanges(node, plan, cluster);
  const deploy = deployOf(cluster.environment);
  const found = (code: DriftCode, severity: Drift["severity"], what: string, remedy: Remedy): Drift[] => [
    { code, severity, where: [id], what, remedy },
  ];
  switch (fate) {
    case "joins":
      return found("not-applied", "warning", "it is declared, and not deployed", applyRemedy(cluster));
    case "leaves":
      return found("not-applied", "warning", "it is deployed, and no longer declared", applyRemedy(cluster));
    case "data-lost": {
      const what = "it is deployed, and the configuration would destroy its data";
      return found("not-applied", "broken", what, applyRemedy(cluster));
    }
    case "emptied":
      return found("volume-missing", "broken", "its volume with its data is gone", VOLUME_GONE_REMEDY);
    case "returns":
      return found(
        "container-missing",
        "broken",
        "its container is gone",
        `${deploy} makes it on its volume`,
      );
    case "starts":
      return found("container-stopped", "broken", "its container doesn't run", `${deploy} starts it`);
    case "unchanged":
      return [];
  }
}

/** The configuration may differ from what was applied, and the container from what Terraform made of it: two findings. */
function ofChanges({ id, fate, changes }: NodeImpact, plan: PlanJson, cluster: Cluster): Drift[] {
  const drifted = driftOf(plan, id);
  const changed = new Set((drifted === undefined ? [] : attributeChanges(drifted)).map(({ name }) => name));
  const outside = changes.filter(({ name }) => changed.has(name));
  const edited = changes.filter(({ name }) => !changed.has(name));
  const found = { severity: "warning", where: [id] } as const;
  const drifts = outside.map((change): Drift => ({
    ...{ code: "changed-outside", ...found, subject: change.name },
    what: `${change.name} was changed without Terraform`,
    ...sides(change),
    remedy: outsideRemedy(change, id, cluster),
  }));
  if (edited.length === 0 && outside.length > 0) return drifts;
  const what = `the configuration is not applied: ${edited.map(text).join(", ") || `it would be ${fate}`}`;
  return [...drifts, { code: "not-applied", ...found, what, remedy: applyRemedy(cluster) }];
}

/** The data is nowhere else: nothing here may invite anybody to make it anew. */
export const VOLUME_GONE_REMEDY =
  "bring the volume back from its server or a backup before anything is deployed; docs/forget.md is for one that is lost";

/** What somebody changed past Terraform, of the node's container. */
function driftOf({ resource_drift: drift = [] }: PlanJson, id: string): ResourceChange | undefined {
  return drift.find((each) => {
    const of = resourceOf(each);
    return of.kind === "container" && of.node === id;
  });
}

/** In a plan `before` is what is there, and `after` what is declared. */
function sides({ before, after }: AttributeChange): Pick<Drift, "declared" | "found"> {
  if (before === undefined && after === undefined) return {};
  return { declared: after ?? "unset", found: before ?? "unset" };
}

function text({ name, before, after }: AttributeChange): string {
  if (before === undefined && after === undefined) return name;
  return `${name} is ${before ?? "unset"}, declared ${after ?? "unset"}`;
}

function applyRemedy(cluster: Cluster): Remedy {
  return advise`${commandIn(cluster, "review")} says what the next deploy does to it; then ${deployOf(cluster.environment)}, or undo the edit`;
}

/** The engine takes no update to "no limit". */
function outsideRemedy({ name, after }: AttributeChange, id: string, cluster: Cluster): Remedy {
  if (name === "memory" && after === undefined)
    return `Docker can't lift the limit of an existing container: ${replaceContainer(cluster.environment, id)}`;
  return `${deployOf(cluster.environment)} sets it back; or declare what is there`;
}

/** Networks, images, and what the stack has beside this program's. */
function ofOthers({ others }: Impact, plan: PlanJson, cluster: Cluster, seen: ReadonlySet<string>): Drift[] {
  return others.flatMap(({ address, action }): Drift[] => {
    const resource = plan.resource_changes?.find((each) => each.address === address);
    const of = resource === undefined ? undefined : resourceOf(resource);
    const gone = plan.resource_drift?.some(
      (each) => each.address === address && each.change.actions.includes("delete"),
    );
    const where = of !== undefined && "host" in of ? [of.host] : [];
    if (of?.kind === "network" && gone && where.some((host) => seen.has(host))) return [];
    return [
      {
        code: gone ? "changed-outside" : "not-applied",
        severity: "warning",
        where,
        subject: address,
        what: gone ? `${address} was removed without Terraform` : `${address} is not applied (${action})`,
        remedy: gone ? `${deployOf(cluster.environment)} makes it again` : applyRemedy(cluster),
      },
    ];
  });
}

/** No node changes, and yet the plan isn't empty. */
function ofSteps({ registers, guards }: Impact, cluster: Cluster): Drift[] {
  if (!registers && !guards) return [];
  return [
    {
      code: "not-applied",
      severity: "warning",
      where: [],
      what: registers
        ? "the last deploy did not finish, or what it registers was edited: nodes, roles"
        : "what guards a replacement was edited, and not deployed",
      remedy: deployOf(cluster.environment),
    },
  ];
}
