import type { DockerEngine } from "./docker-api";
import { parseDuration } from "./duration";
import { optional, type Attribute, type Block } from "./schema";
import type { State } from "./wire";

const DEFAULT = "20m";

const duration: Attribute = optional("string", {
  check: (value) =>
    parseDuration(String(value)) === undefined ? 'it must be a duration such as "30m" or "1h30m"' : undefined,
});

/** The `timeouts` block of containers and images. */
export const timeoutsBlock: Block = {
  nesting: "single",
  attributes: { create: duration, update: duration, delete: duration },
};

/** The engine, for the duration that `timeouts` gives this operation (20 minutes by default). */
export function withTimeout(
  engine: DockerEngine,
  state: State,
  operation: "create" | "update" | "delete",
): DockerEngine {
  const text = ((state.timeouts as State | null)?.[operation] as string | null) ?? DEFAULT;
  return engine.within(
    parseDuration(text) ?? 0,
    `The operation took longer than its timeout (timeouts.${operation} = ${text}).`,
  );
}
