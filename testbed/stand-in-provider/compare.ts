import type { Attribute, AttributeType, Block, Schema } from "./schema";
import { Unknown, type State, type Value } from "./wire";

/**
 * Text that is equal for values which the real provider takes for the same: its SDK doesn't tell an absent value
 * from the empty one (null, "", 0, false, []), and sets have no order.
 */
function canonical(value: Value, type: AttributeType): string {
  if (value instanceof Unknown) return "unknown";
  if (type === "string" || type === "dynamic") return JSON.stringify(value ?? "");
  if (type === "number") return JSON.stringify(value ?? 0);
  if (type === "bool") return JSON.stringify(value ?? false);
  if (type[0] === "map") return JSON.stringify(Object.entries(value ?? {}).sort());
  const entries = ((value ?? []) as Value[]).map((entry) => JSON.stringify(entry));
  return (type[0] === "set" ? entries.sort() : entries).join();
}

function canonicalBlock(value: Value, block: Block): string {
  if (value instanceof Unknown) return "unknown";
  const entries = Array.isArray(value) ? value : value === null ? [] : [value];
  const texts = entries.map((entry) => {
    const object = entry as State;
    return JSON.stringify([
      ...Object.entries(block.attributes).map(([name, nested]) =>
        canonical(object[name] ?? null, nested.type),
      ),
      ...Object.entries(block.blocks ?? {}).map(([name, nested]) =>
        canonicalBlock(object[name] ?? [], nested),
      ),
    ]);
  });
  return (block.nesting === "set" ? texts.sort() : texts).join();
}

/** Whether the real provider would see no difference between the two values of an attribute or block. */
export function equivalent(schema: Schema, name: string, a: Value, b: Value): boolean {
  const attribute = schema.attributes[name];
  if (attribute) return canonical(a, attribute.type) === canonical(b, attribute.type);
  const block = schema.blocks[name];
  if (!block) throw new Error(`The schema has no "${name}".`);
  return canonicalBlock(a, block) === canonicalBlock(b, block);
}

function isEmpty(value: Value, attribute: Attribute): boolean {
  return canonical(value, attribute.type) === canonical(null, attribute.type);
}

/**
 * The state after a refresh: `actual` holds what was read back, everything else stays. A value that means the same
 * as the one in the state leaves it as it is, so that writing `false` or nothing makes no difference later.
 */
export function refresh(schema: Schema, state: State, actual: State): State {
  const refreshed = { ...state };
  for (const [name, value] of Object.entries(actual)) {
    const before = state[name] ?? null;
    const attribute = schema.attributes[name];
    if (attribute?.computed && before === null) refreshed[name] = value;
    else if (equivalent(schema, name, before, value)) continue;
    else refreshed[name] = attribute && !attribute.computed && isEmpty(value, attribute) ? null : value;
  }
  return refreshed;
}

/** The planned state with what was unknown in it taken from `actual` (null where that has nothing). */
export function resolve(planned: Value, actual: Value): Value {
  if (planned instanceof Unknown) return actual ?? null;
  if (Array.isArray(planned)) {
    const entries = Array.isArray(actual) ? actual : [];
    return planned.map((entry, index) => resolve(entry, entries[index] ?? null));
  }
  if (planned !== null && typeof planned === "object") {
    const object =
      actual !== null && typeof actual === "object" && !Array.isArray(actual) ? (actual as State) : {};
    return Object.fromEntries(
      Object.entries(planned).map(([name, value]) => [name, resolve(value, object[name] ?? null)]),
    );
  }
  return planned;
}
