import { STEP, nodeAt, nodeOfArchive } from "./terraform-address";

/** What one Terraform resource of a stack is for the cluster. */
export type Resource =
  | { readonly kind: "container" | "data volume" | "archive volume" | "membership"; readonly node: string }
  | { readonly kind: "network" | "image"; readonly host: string }
  | { readonly kind: "registration" | "guard" }
  /** Nothing that this program declares. */
  | { readonly kind: "other" };

/** As a plan and a state name a resource: `docker_container`, `server-d_worker1`; of an instance also its key. */
export interface ResourceName {
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
}

/** Reads back what `nodeAddress` and the others of terraform-address.ts make, by the resource's type. */
export function resourceOf({ type, name, index }: ResourceName): Resource {
  switch (type) {
    case "docker_container":
      return { kind: "container", node: nodeAt(name) };
    case "docker_volume": {
      const archived = nodeOfArchive(name);
      return archived === undefined
        ? { kind: "data volume", node: nodeAt(name) }
        : { kind: "archive volume", node: archived };
    }
    case "docker_network":
      return { kind: "network", host: name };
    case "docker_image":
      return { kind: "image", host: name };
    case "null_resource":
      if (name === STEP.membership && typeof index === "string") return { kind: "membership", node: index };
      if (name === STEP.registration || name === STEP.guard) return { kind: name };
      return { kind: "other" };
    default:
      return { kind: "other" };
  }
}

/** What an address in Terraform's output names: `docker_container.server-d_worker1`, `null_resource.membership["server-d/worker1"]`. */
export function resourceAt(address: string): Resource {
  return resourceOf(nameAt(address));
}

/** The name in an address; with an empty type where it is no such address. */
export function nameAt(address: string): ResourceName {
  const [, type = "", name = "", index] = /^([\w-]+)\.([\w-]+)(?:\["([^"]*)"\])?$/.exec(address) ?? [];
  return { type, name, ...(index === undefined ? {} : { index }) };
}

/** What people call it by: the id of its node, else of its Docker host; undefined for what is of neither. */
export function ownerOf(resource: Resource): string | undefined {
  if ("node" in resource) return resource.node;
  return "host" in resource ? resource.host : undefined;
}

/** The Docker host that a resource is on; undefined for what is on none. */
export function hostOfResource(resource: Resource): string | undefined {
  if ("host" in resource) return resource.host;
  return "node" in resource && resource.kind !== "membership" ? resource.node.split("/")[0] : undefined;
}
