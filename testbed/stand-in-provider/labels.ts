import { entries } from "./provider";
import type { State, Value } from "./wire";

/** Label blocks as the engine wants them. */
export function labelsToApi(blocks: Value | undefined): Record<string, string> {
  return Object.fromEntries(entries(blocks).map(({ label, value }) => [String(label), String(value)]));
}

/** The engine's labels as blocks. */
export function labelsFromApi(labels: Record<string, string> | null): State[] {
  return Object.entries(labels ?? {}).map(([label, value]) => ({ label, value }));
}
