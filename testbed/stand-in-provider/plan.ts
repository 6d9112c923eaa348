import { equivalent } from "./compare";
import type { Attribute, Block, Schema } from "./schema";
import { UNKNOWN, Unknown, type State, type Value } from "./wire";

/** What is wrong with a configuration: one sentence for each refused or malformed argument. */
export function configurationProblems(type: string, schema: Schema | Block, config: State): string[] {
  const problems: string[] = [];
  for (const [name, attribute] of Object.entries(schema.attributes)) {
    const value = config[name] ?? null;
    if (value === null) continue;
    if (attribute.refused) problems.push(refusal(`${type}.${name}`, attribute.refused));
    const problem = value instanceof Unknown ? undefined : attribute.check?.(value);
    if (problem) problems.push(`${type}.${name} is ${JSON.stringify(value)}, but ${problem}.`);
  }
  for (const [name, block] of Object.entries(schema.blocks ?? {})) {
    const value = config[name] ?? null;
    const entries = Array.isArray(value) ? value : value === null || value instanceof Unknown ? [] : [value];
    if (entries.length > 0 && block.refused) problems.push(refusal(`${type}.${name}`, block.refused));
    else
      problems.push(
        ...entries.flatMap((entry) => configurationProblems(`${type}.${name}`, block, entry as State)),
      );
  }
  return problems;
}

function refusal(argument: string, why: string): string {
  return `The stand-in provider refuses ${argument}: ${why}.`;
}

function planAttribute(attribute: Attribute, config: Value, proposed: Value, fillIn: boolean): Value {
  if (config !== null) return proposed;
  if (attribute.default !== undefined) return attribute.default;
  return attribute.computed && fillIn && proposed === null ? UNKNOWN : proposed;
}

function planListBlock(block: Block, config: Value, proposed: Value): Value {
  if (!Array.isArray(proposed)) return proposed;
  return proposed.map((entry, index) => {
    const configured = Array.isArray(config) ? ((config[index] ?? {}) as State) : {};
    const planned = { ...(entry as State) };
    for (const [name, attribute] of Object.entries(block.attributes)) {
      planned[name] = planAttribute(attribute, configured[name] ?? null, planned[name] ?? null, true);
    }
    return planned;
  });
}

/** What the resource will be, and the attributes and blocks whose change replaces it. */
export interface Plan {
  planned: State;
  requiresReplace: string[];
}

/**
 * Plans a change. `prior` is null for a resource that is created. Defaults are filled in at the top level and in
 * list blocks only: in a set, core can't tell which entry of the configuration a planned one belongs to.
 */
export function planChange(schema: Schema, prior: State | null, config: State, proposed: State): Plan {
  const planned = { ...proposed };
  for (const [name, attribute] of Object.entries(schema.attributes)) {
    planned[name] = planAttribute(attribute, config[name] ?? null, proposed[name] ?? null, prior === null);
  }
  for (const [name, block] of Object.entries(schema.blocks)) {
    if (block.nesting === "list")
      planned[name] = planListBlock(block, config[name] ?? null, proposed[name] ?? null);
  }
  if (prior === null) return { planned, requiresReplace: [] };
  const leftOut = (name: string) =>
    schema.blocks[name]?.computed && (config[name] as Value[] | null)?.length === 0;
  const requiresReplace = Object.entries({ ...schema.attributes, ...schema.blocks })
    .filter(([, { forceNew }]) => forceNew)
    .map(([name]) => name)
    .filter(
      (name) => !leftOut(name) && !equivalent(schema, name, prior[name] ?? null, planned[name] ?? null),
    );
  return { planned, requiresReplace };
}
