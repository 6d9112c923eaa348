import type { DriftCode } from "../../../model/drift-code";
import { SEVERITIES } from "../../base/finding";
import type { Remedy } from "../../base/remedy";

/** One difference between what is declared and what is there. */
export interface Drift {
  readonly code: DriftCode;
  readonly severity: (typeof SEVERITIES)[number];
  /** Labels of nodes, or the ids of Docker hosts; none for the cluster as a whole. */
  readonly where: readonly string[];
  /**
   * What it is about there, where there may be several: a setting, a container, a network, an image. Without its value, so
   * that it can be named in `acceptedDrift`.
   */
  readonly subject?: string;
  /** With its value, without the names of where it is. */
  readonly what: string;
  /** Both sides, where they are values that can be laid beside each other. */
  readonly declared?: string;
  readonly found?: string;
  /** The command that mends it, or what to do. */
  readonly remedy: Remedy;
}

/** The most dangerous first, else in the order in which they were found. */
export function byDanger(drifts: readonly Drift[]): Drift[] {
  return SEVERITIES.flatMap((severity) => drifts.filter((drift) => drift.severity === severity));
}
