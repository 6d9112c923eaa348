import type { ContainerInspection } from "./inspection";

/** A container that Docker restarted, and that runs for less than this, is likely to end again. In milliseconds. */
const SETTLED_MS = 30_000;

/** Whether a container runs and stays: not one that ends again and again and is up just now. */
export function runs({ status, restarts, upFor }: ContainerInspection): boolean {
  return status === "running" && !(restarts > 1 && upFor < SETTLED_MS);
}
