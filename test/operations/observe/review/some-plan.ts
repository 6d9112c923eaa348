import type {
  Attributes,
  PlanJson,
  PlannedAction,
  ResourceChange,
} from "../../../../operations/terraform/plan";

/** What happens to one node's three resources; `no-op` where it isn't said. */
export interface SomeNode {
  readonly container?: readonly PlannedAction[];
  readonly volume?: readonly PlannedAction[];
  /** Absent: neither in the state nor in the configuration. */
  readonly membership?: readonly PlannedAction[] | null;
  readonly before?: Attributes;
  readonly after?: Attributes;
  /** Attributes that force the replacement. */
  readonly forces?: readonly string[];
}

/** A plan of nodes by their ids, as Terraform writes it down, and of more resources by their addresses. */
export function somePlan(
  nodes: Readonly<Record<string, SomeNode>>,
  more: Readonly<Record<string, readonly PlannedAction[]>> = {},
): PlanJson {
  return {
    resource_changes: [
      ...Object.entries(nodes).flatMap(([id, node]) => resourcesOf(id, node)),
      ...Object.entries(more).map(([address, actions]) => resource(address, actions)),
    ],
  };
}

function resourcesOf(id: string, node: SomeNode): ResourceChange[] {
  const name = id.replace("/", "_");
  const { before = {}, after = {}, forces = [] } = node;
  const container = resource(`docker_container.${name}`, node.container ?? ["no-op"]);
  return [
    {
      ...container,
      change: { ...container.change, before, after, replace_paths: forces.map((each) => [each]) },
    },
    resource(`docker_volume.${name}`, node.volume ?? ["no-op"]),
    resource(`docker_volume.${name}_archive`, node.volume ?? ["no-op"]),
    ...(node.membership === null
      ? []
      : [{ ...resource("null_resource.membership", node.membership ?? ["no-op"]), index: id }]),
  ];
}

function resource(address: string, actions: readonly PlannedAction[]): ResourceChange {
  const [type = "", name = ""] = address.split(".");
  return { address, type, name, change: { actions } };
}
