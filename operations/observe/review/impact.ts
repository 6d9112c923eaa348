import { isCoordinatorId } from "../../../model/contract/node-id";
import { type Resource, resourceOf } from "../../../model/contract/resource";
import type { PlanJson, ResourceChange } from "../../terraform/plan";
import { type AttributeChange, attributeChanges } from "./attribute-changes";

/**
 * What a plan does to a node, the most dangerous first. `data-lost`: its data volume is destroyed and it is not drained
 * before. `emptied`: its volume is gone already, and it is made again on an empty one. `leaves`: it is drained, and then destroyed. `replaced`: a new container on its data. `returns`: its container is
 * gone, and is made again on its data. `starts`: it stands still, and is started in place. `updated`: in place, without a
 * restart. `joins`: a new node, on an empty volume.
 */
const FATES = [
  "data-lost",
  "emptied",
  "leaves",
  "replaced",
  "returns",
  "starts",
  "updated",
  "joins",
  "unchanged",
] as const;

export type Fate = (typeof FATES)[number];

export interface NodeImpact {
  /** Node id. */
  readonly id: string;
  readonly fate: Fate;
  /** Why it is replaced or updated; empty for the other fates. */
  readonly changes: readonly AttributeChange[];
  /** The image that its container has, and will have. */
  readonly image: { readonly before?: string; readonly after?: string };
  /** Whether its data volume is made new: there is nothing on it. */
  readonly newVolume: boolean;
}

export interface Impact {
  /** The most dangerous first, then in the plan's order. */
  readonly nodes: readonly NodeImpact[];
  /** Whether the nodes are registered, and the metadata verified, at the end. */
  readonly registers: boolean;
  /** Whether the guard looks at the change before the first container goes. */
  readonly guards: boolean;
  /** Other resources that change, by their addresses: networks, images, and what this program doesn't declare. */
  readonly others: readonly OtherChange[];
}

interface OtherChange {
  readonly address: string;
  /** `create`, `update`, `delete`, `replace`. */
  readonly action: string;
}

interface Named {
  readonly resource: ResourceChange;
  readonly of: Resource;
}

/**
 * What a plan does, node by node.
 *
 * @param removed ids of workers that were emptied and removed from the cluster before: only their containers and volumes are
 *   left to go
 */
export function impactOf(plan: PlanJson, removed: readonly string[] = []): Impact {
  const all = (plan.resource_changes ?? []).map((resource): Named => ({
    resource,
    of: resourceOf(resource),
  }));
  const changing = all.filter(({ resource }) => isEffective(resource));
  const stays = all.some(({ of, resource }) => of.kind === "container" && actionOf(resource) !== "delete");
  const nodes = [...resourcesByNode(all)].map(([id, resources]) =>
    nodeImpact(id, resources, { stays, removed: removed.includes(id) }),
  );
  const changes = (kind: Resource["kind"]) => changing.some(({ of }) => of.kind === kind);
  return {
    nodes: [...nodes].sort((a, b) => FATES.indexOf(a.fate) - FATES.indexOf(b.fate)),
    registers: changes("registration"),
    guards: changes("guard"),
    others: changing
      .filter(({ of }) => ["network", "image", "other"].includes(of.kind))
      .map(({ resource }) => ({ address: resource.address, action: actionOf(resource) })),
  };
}

/** Of a node; one is absent where neither the state nor the configuration has it. */
type Resources = Readonly<Partial<Record<Extract<Resource, { node: string }>["kind"], ResourceChange>>>;

function resourcesByNode(all: readonly Named[]): Map<string, Resources> {
  const nodes = new Map<string, Resources>();
  for (const { resource, of } of all) {
    if ("node" in of) nodes.set(of.node, { ...nodes.get(of.node), [of.kind]: resource });
  }
  return nodes;
}

/** @param of stays: whether any node does: a cluster that is destroyed as a whole drains none; removed: whether it was before */
function nodeImpact(
  id: string,
  resources: Resources,
  { stays, removed }: { readonly stays: boolean; readonly removed: boolean },
): NodeImpact {
  const { container, "data volume": volume } = resources;
  return {
    id,
    fate: removed && isGoing(resources) ? "leaves" : fateOf(stays && !isCoordinatorId(id), resources),
    changes: container === undefined ? [] : attributeChanges(container),
    image: { ...image("before", container), ...image("after", container) },
    newVolume: actionOf(volume) === "create" || actionOf(volume) === "replace",
  };
}

/** Whether it is destroyed, and not made anew. */
function isGoing({ "data volume": volume }: Resources): boolean {
  return actionOf(volume) === "delete";
}

/** @param drained whether a node of this kind is drained by the destroy of its membership */
function fateOf(drained: boolean, { container, "data volume": volume, membership }: Resources): Fate {
  const [ofContainer, ofVolume] = [actionOf(container), actionOf(volume)];
  // A node that was never registered has no membership in the state, and none is destroyed: nobody asks what it holds.
  if (ofVolume === "replace") return "data-lost";
  if (ofVolume === "delete") return drained && actionOf(membership) === "delete" ? "leaves" : "data-lost";
  if (ofContainer === "delete") return "leaves";
  if (ofContainer === "replace") return "replaced";
  if (ofContainer === "create") {
    // A killed apply may have made the volume of a node that joins.
    if (isNew(membership)) return "joins";
    return ofVolume === "create" ? "emptied" : "returns";
  }
  if (ofContainer === "update") return starts(container) ? "starts" : "updated";
  return "unchanged";
}

/** Not a member yet; where an adoption could not restore the membership, nobody knows. */
function isNew(membership: ResourceChange | undefined): boolean {
  return membership === undefined || actionOf(membership) === "create";
}

/** The provider says of a stopped container that it needn't run. */
function starts(container: ResourceChange | undefined): boolean {
  const { before, after } = container?.change ?? {};
  return before?.["must_run"] === false && after?.["must_run"] === true;
}

function image(key: "before" | "after", container: ResourceChange | undefined): Partial<NodeImpact["image"]> {
  const value = container?.change[key]?.["image"];
  return typeof value === "string" ? { [key]: value } : {};
}

function isEffective({ change }: ResourceChange): boolean {
  return change.actions.some((action) => action !== "no-op" && action !== "read");
}

function actionOf(resource: ResourceChange | undefined): string {
  const actions = resource?.change.actions ?? [];
  if (actions.includes("delete") && actions.includes("create")) return "replace";
  return actions[0] ?? "no-op";
}
