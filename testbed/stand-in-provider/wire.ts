import { ExtensionCodec, decode, encode } from "@msgpack/msgpack";

/** A value that Terraform doesn't know yet ("known after apply"). */
export class Unknown {
  toJSON(): string {
    return "(unknown)";
  }
}

export const UNKNOWN = new Unknown();

/** A Terraform value: what a DynamicValue holds. Lists and sets are arrays, maps, objects and blocks are records. */
export type Value = null | boolean | number | string | Unknown | Value[] | { [name: string]: Value };

/** An object of a resource or provider schema: one entry for every attribute and every block of the schema. */
export type State = Record<string, Value>;

/** The protocol message that carries a value. */
export interface DynamicValue {
  msgpack: Uint8Array;
}

// Extension type 0 is an unknown value; core may send type 12 instead, an unknown value with refinements.
const extensions = new ExtensionCodec();
extensions.register({
  type: 0,
  encode: (value) => (value instanceof Unknown ? new Uint8Array([0]) : null),
  decode: () => UNKNOWN,
});
extensions.register({ type: 12, encode: () => null, decode: () => UNKNOWN });

export function toDynamicValue(value: Value): DynamicValue {
  return { msgpack: encode(value, { extensionCodec: extensions }) };
}

export function fromDynamicValue(value: DynamicValue | null): Value {
  if (!value || value.msgpack.length === 0) return null;
  return decode(value.msgpack, { extensionCodec: extensions }) as Value;
}

/** The same value with every unknown in it replaced by null. */
export function withoutUnknowns(value: Value): Value {
  if (value instanceof Unknown) return null;
  if (Array.isArray(value)) return value.map(withoutUnknowns);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutUnknowns(inner)]));
  }
  return value;
}
