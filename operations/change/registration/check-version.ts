import { citusRelease } from "../../cluster/nodes/citus-release";
import type { Objection } from "../../cluster/nodes/identity";
import type { NodeFacts } from "../../cluster/nodes/node-facts";
import type { Decision } from "./situation";
import type { Remedy } from "../../base/remedy";
import { WAL_LEVEL_REMEDY, extensionRemedy } from "../../cluster/nodes/remedies";

/** All nodes run the same; for a registered node that is only said, since it may be amid an upgrade. */
export function checkVersion(
  { node, facts, registered }: Pick<Decision, "node" | "facts" | "registered">,
  coordinator: NodeFacts,
): Objection[] {
  if (registered !== undefined) return [];
  const findings: Objection[] = [];
  const add = (what: string, remedy: Remedy) =>
    findings.push({ node: node.id, what, remedy, refused: false });
  if (describeVersion(facts) !== describeVersion(coordinator)) {
    add(
      `it runs ${describeVersion(facts)}, the coordinator ${describeVersion(coordinator)}`,
      "give both the same image (a volume keeps the extension's version: ALTER EXTENSION citus UPDATE)",
    );
  }
  if (facts.wal_level !== "logical") {
    add(`wal_level is ${facts.wal_level}: shards could not be moved online`, WAL_LEVEL_REMEDY);
  }
  return findings;
}

/** With a newer library on its data than made the extension there, a node refuses whatever has to do with Citus. */
export function checkExtension(node: string, { citus, extension }: NodeFacts): Objection[] {
  if (citusRelease(citus) === citusRelease(extension)) return [];
  return [
    {
      node,
      what: `it runs Citus ${citus} with the extension of ${extension}, and so does nothing for the others`,
      remedy: extensionRemedy("there"),
      refused: false,
    },
  ];
}

/** `Citus 13.0.3 (13.0-1), PostgreSQL 17` */
export function describeVersion({ citus, extension, major }: NodeFacts): string {
  return `Citus ${citus} (${extension}), PostgreSQL ${major}`;
}
