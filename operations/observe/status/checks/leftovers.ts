import { formatBytes } from "../../../base/bytes";
import { formatDuration } from "../../../base/duration";
import { type Check, ofEachNode } from "../check";
import type { Fault } from "../../../base/finding";
import type { Slot } from "../../../cluster/nodes/node-state";
import { quoteLiteral } from "../../../cluster/nodes/run-on-nodes";
import { quoteName } from "../../../base/shown-words";
import { LITTLE_WAL, PREPARED_AGE } from "../../thresholds";
import { isOfMove, movesRun } from "../moves";
import type { Snapshot, SnapshotNode } from "../snapshot";
import type { Remedy } from "../../../base/remedy";

/** Prepared transactions hold their locks, and keep VACUUM from cleaning, until somebody ends them. */
export const preparedTransactions: Check = ofEachNode(({ label, state }, { nodes }) =>
  (state?.prepared ?? [])
    .map((transaction) => ({ ...transaction, citus: transaction.gid.startsWith("citus_") }))
    .filter(({ age, citus }) => age >= (citus ? PREPARED_AGE.citus : PREPARED_AGE.other))
    .map(({ gid, age, citus }): Fault => {
      return {
        severity: "warning",
        check: "prepared-transaction",
        node: label,
        what: `the prepared transaction ${gid} is left over since ${formatDuration(age)}`,
        remedy: citus
          ? citusRemedy(gid, nodes)
          : `COMMIT PREPARED or ROLLBACK PREPARED ${quoteLiteral(gid)} there, as its client intended`,
      };
    }),
);

/** Whether it was committed only the node knows that began it: `citus_<its group>_<process>_...`. */
function citusRemedy(gid: string, nodes: readonly SnapshotNode[]): Remedy {
  const group = Number(gid.split("_")[1]);
  const began = nodes.find(({ registered }) => registered?.groupid === group);
  if (began === undefined) {
    return `the node that began it (group ${group}) is gone: ROLLBACK PREPARED ${quoteLiteral(gid)} there, or COMMIT PREPARED if the other nodes have what it wrote`;
  }
  return began.role === "coordinator"
    ? "SELECT recover_prepared_transactions() on the coordinator, which began it"
    : `SELECT recover_prepared_transactions() on ${began.label}, which began it`;
}

/** Slots that nobody reads keep WAL until the disk is full. One that was never used keeps none. */
export const replicationSlots: Check = ofEachNode(({ label, state }, snapshot) =>
  (state?.slots ?? []).flatMap((slot): Fault[] => {
    const { name, active, retained } = slot;
    if (active || retained === null || isInUse(name, snapshot)) return [];
    return [
      {
        severity: isOfMove(name) || retained >= LITTLE_WAL ? "warning" : "advice",
        check: "replication-slot",
        node: label,
        what: `replication slot ${name} has no consumer and retains ${formatBytes(retained)} of WAL`,
        remedy: slotRemedy(slot),
      },
    ];
  }),
);

function slotRemedy({ name }: Slot): Remedy {
  const drop = `SELECT pg_drop_replication_slot('${name}') there`;
  // What Citus has written down it clears away by itself; this it doesn't know.
  return isOfMove(name) ? `an ended move left it: ${drop}` : `bring its reader back, or ${drop}`;
}

/** Subscriptions that a move left on its target. */
export const subscriptions: Check = ofEachNode(({ label, state }, snapshot) =>
  (state?.subscriptions ?? [])
    .filter((name) => isOfMove(name) && !isInUse(name, snapshot))
    .map((name): Fault => ({
      severity: "warning",
      check: "subscription",
      node: label,
      what: `the subscription ${name} is left over from a move`,
      // As above.
      remedy:
        `there: ALTER SUBSCRIPTION ${quoteName(name)} DISABLE; ALTER SUBSCRIPTION ${quoteName(name)} SET (slot_name = NONE); ` +
        `DROP SUBSCRIPTION ${quoteName(name)}`,
    })),
);

/**
 * Of a move that runs, or of one that has ended a moment ago: Citus writes into pg_dist_cleanup what it makes for a move,
 * and clears it away by itself. To drop it by hand would break the move.
 */
function isInUse(name: string, snapshot: Snapshot): boolean {
  const written = snapshot.orphans.some((orphan) => orphan.registered && orphan.name === name);
  return isOfMove(name) && (movesRun(snapshot) || written);
}

/** For orphans of nodes that are gone: citus_cleanup_orphaned_resources() skips them. */
export const DEAD_ORPHANS_REMEDY =
  "DELETE FROM pg_dist_cleanup c WHERE NOT EXISTS (SELECT FROM pg_dist_node n WHERE n.groupid = c.node_group_id) on the coordinator";

/** Citus' own default of citus.defer_shard_delete_interval is 15 s. */
export const ORPHANS_REMEDY =
  "nothing: Citus tries it every 15 s by itself; if they stay: CALL citus_cleanup_orphaned_resources() on the coordinator";

/** What moves left behind. Of a node that is gone it stays for ever, and keeps its shard from being moved again. */
export const orphans: Check = (snapshot) => {
  const { orphans: entries, nodes } = snapshot;
  const dead = entries.filter(({ registered }) => !registered);
  const findings: Fault[] = [];
  const [first] = dead;
  if (first !== undefined) {
    findings.push({
      severity: "warning",
      check: "orphan",
      what: `${dead.length} orphan(s) of nodes that are no longer registered, e.g. ${first.name}: that shard can't be moved again`,
      remedy: DEAD_ORPHANS_REMEDY,
    });
  }
  const left = entries.filter(({ registered }) => registered);
  const [some] = left;
  if (some !== undefined && !movesRun(snapshot)) {
    findings.push({
      // They are there for some seconds after every move: a cluster with them is healthy.
      severity: "advice",
      check: "orphan",
      node: nodeOf(nodes, some.groupid),
      what: `${left.length} orphan(s) of moves are still to be cleaned up, e.g. ${some.name}`,
      remedy: ORPHANS_REMEDY,
    });
  }
  return findings;
};

function nodeOf(nodes: readonly SnapshotNode[], groupid: number): string | undefined {
  return nodes.find(({ registered }) => registered?.groupid === groupid)?.label;
}
