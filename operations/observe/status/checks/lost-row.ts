import { quoteLiteral } from "../../../cluster/nodes/run-on-nodes";
import type { Check } from "../check";
import type { Fault } from "../../../base/finding";
import type { Snapshot } from "../snapshot";

/**
 * Shards whose node has no row in pg_dist_node: somebody has deleted it by hand, as Citus' own functions don't. Nothing
 * syncs metadata then, and to join again the node would have to be emptied of the only copy.
 */
export const lostRows: Check = ({ lostRows: lost = [] }) =>
  lost.map(({ groupid, shards, recorded }): Fault => {
    const what =
      `${shards} shards are on group ${groupid}, for which pg_dist_node has no row (deleted by hand?): ` +
      "their rows can't be read, and metadata can't be synced";
    const nextStep = "then SELECT start_metadata_sync_to_all_nodes()";
    const row =
      recorded === undefined
        ? `put the row back by INSERT INTO pg_dist_node on the coordinator (a worker may still have it: SELECT * FROM pg_dist_node WHERE groupid = ${groupid}), ${nextStep}`
        : "on the coordinator: INSERT INTO pg_dist_node (nodeid, groupid, nodename, nodeport, hasmetadata, metadatasynced) " +
          `VALUES (${recorded.nodeid}, ${groupid}, ${quoteLiteral(recorded.host)}, ${recorded.port}, true, true), ${nextStep}`;
    return {
      severity: "broken",
      check: "lost-row",
      ...(recorded === undefined ? {} : { node: recorded.id }),
      what,
      remedy: `${row}. Before that, wipe no worker: its shards are the only copy`,
    };
  });

/** Whether a node that isn't registered is the one of such a row. */
export function hasLostRow({ lostRows: lost = [] }: Pick<Snapshot, "lostRows">, label: string): boolean {
  return lost.some(({ recorded }) => recorded?.id === label);
}
