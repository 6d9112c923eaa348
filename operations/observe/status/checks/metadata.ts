import { describeMissing } from "../../../cluster/shards/missing-shards";
import { type Check, ofEachNode } from "../check";
import type { Fault } from "../../../base/finding";
import { movesRun } from "../moves";

/** The shards that a node should have are there. */
export const missingShards: Check = ofEachNode(({ label, state }) =>
  state === undefined || state.missing_count === 0
    ? []
    : [
        {
          severity: "broken",
          check: "missing-shards",
          node: label,
          ...describeMissing(state.missing_count, state.missing_shards),
        },
      ],
);

/** Every node knows the same nodes and placements as the coordinator. A move changes them everywhere at once. */
export const metadataDrift: Check = (snapshot) => {
  const { nodes, lostRows = [] } = snapshot;
  // It differs then, and nothing can be synced before the row is back.
  if (lostRows.length > 0) return [];
  const own = nodes.find(({ role }) => role === "coordinator")?.state?.metadata_digest;
  if (movesRun(snapshot) || own === undefined || own === null) return [];
  return nodes.flatMap(({ label, role, registered, state }): Fault[] => {
    const comparable = role === "worker" && registered?.hasmetadata === true && registered.metadatasynced;
    // An empty or a wrong server has its own finding.
    if (!comparable || state === undefined || state.groupid !== registered.groupid) return [];
    if (state.metadata_digest === own || state.metadata_digest === null) return [];
    return [
      {
        severity: "broken",
        check: "metadata-drift",
        node: label,
        what: "its copy of the metadata (nodes, placements) is not the coordinator's, though it counts as synced",
        remedy:
          "was the coordinator restored from an older backup? Then stop here and restore the whole cluster; otherwise " +
          "SELECT start_metadata_sync_to_all_nodes() on the coordinator overwrites the workers' copy with its own",
      },
    ];
  });
};
