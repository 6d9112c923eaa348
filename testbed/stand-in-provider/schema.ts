import type { State, Value } from "./wire";

/** A type in Terraform's own JSON notation. `dynamic` accepts any shape; used for arguments that are refused. */
export type AttributeType =
  | "string"
  | "number"
  | "bool"
  | "dynamic"
  | ["list" | "set" | "map", "string"]
  | ["list", ["object", Record<string, "string" | "number">]];

export interface Attribute {
  type: AttributeType;
  required?: boolean;
  optional?: boolean;
  /** The provider may fill it in when the configuration doesn't. */
  computed?: boolean;
  sensitive?: boolean;
  /** A changed value replaces the resource. */
  forceNew?: boolean;
  /** Planned when the configuration has none. Such an attribute is computed as well, as Terraform demands. */
  default?: Value;
  /** What is wrong with a configured value, or undefined. */
  check?: (value: Value) => string | undefined;
  /** Why the stand-in refuses this argument. */
  refused?: string;
}

export interface Block {
  nesting: "list" | "set" | "single";
  attributes: Record<string, Attribute>;
  blocks?: Record<string, Block>;
  maxItems?: number;
  forceNew?: boolean;
  /** Leaving the block out of the configuration is no change. */
  computed?: boolean;
  refused?: string;
}

export interface Schema {
  version: number;
  attributes: Record<string, Attribute>;
  blocks: Record<string, Block>;
}

type Extra = Pick<Attribute, "forceNew" | "sensitive" | "check">;

export const FORCE_NEW: Extra = { forceNew: true };
export const STRINGS = {
  list: ["list", "string"],
  set: ["set", "string"],
  map: ["map", "string"],
} as const satisfies Record<string, AttributeType>;

export const required = (type: AttributeType, extra: Extra = {}): Attribute => ({
  type,
  required: true,
  ...extra,
});
export const optional = (type: AttributeType, extra: Extra = {}): Attribute => ({
  type,
  optional: true,
  ...extra,
});
export const computed = (type: AttributeType): Attribute => ({ type, computed: true });
export const optionalComputed = (type: AttributeType, extra: Extra = {}): Attribute => ({
  type,
  optional: true,
  computed: true,
  ...extra,
});
export const withDefault = (type: AttributeType, value: Value, extra: Extra = {}): Attribute => ({
  ...optionalComputed(type, extra),
  default: value,
});
export const refused = (why: string): Attribute => ({ type: "dynamic", optional: true, refused: why });

/** `{ label, value }` blocks, as containers, volumes and networks have them. */
export const labelsBlock = (extra: Pick<Block, "forceNew" | "computed"> = {}): Block => ({
  nesting: "set",
  attributes: { label: required("string"), value: required("string") },
  ...extra,
});

type BlockSchema = Pick<Block, "attributes" | "blocks">;

/** The protocol's description of a block. */
export function blockMessage(block: BlockSchema): object {
  return {
    attributes: Object.entries(block.attributes).map(([name, attribute]) => ({
      name,
      type: Buffer.from(JSON.stringify(attribute.type)),
      required: attribute.required ?? false,
      optional: attribute.optional ?? false,
      computed: attribute.computed ?? false,
      sensitive: attribute.sensitive ?? false,
    })),
    block_types: Object.entries(block.blocks ?? {}).map(([name, nested]) => ({
      type_name: name,
      block: blockMessage(nested),
      nesting: nested.nesting.toUpperCase(),
      max_items: nested.maxItems ?? 0,
    })),
  };
}

/**
 * Gives an object exactly the entries of the schema: what is missing becomes null or an empty block list, what the
 * schema doesn't have is dropped, and numbers that came as text become numbers.
 */
export function conform(block: BlockSchema, value: State): State {
  const object: State = {};
  for (const [name, attribute] of Object.entries(block.attributes)) {
    const given = value[name] ?? null;
    object[name] = attribute.type === "number" && typeof given === "string" ? Number(given) : given;
  }
  for (const [name, nested] of Object.entries(block.blocks ?? {})) {
    const given = value[name] ?? null;
    if (nested.nesting === "single") object[name] = given === null ? null : conform(nested, given as State);
    else if (Array.isArray(given)) object[name] = given.map((entry) => conform(nested, entry as State));
    else object[name] = given ?? [];
  }
  return object;
}
