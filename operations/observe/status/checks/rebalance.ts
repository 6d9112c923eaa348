import { formatBytes } from "../../../base/bytes";
import { type Check, rebalanceCommand } from "../check";
import type { Fault } from "../../../base/finding";
import { movesRun } from "../moves";
import type { Snapshot, SnapshotNode } from "../snapshot";
import { advise } from "../../../base/remedy";

/**
 * Rebalances that run, or that failed. Citus keeps a failed one as the last job until another is started, which it isn't
 * where nothing is left to move: then it is no fault any more.
 */
export const rebalanceJobs: Check = (snapshot) =>
  snapshot.jobs.flatMap(({ id, state, tasks, done, error, retries }): Fault[] => {
    const watch = rebalanceCommand(snapshot, "watch");
    const failing = state.startsWith("fail") || (error !== null && retries > 0);
    if (state === "finished" || state === "cancelled") return [];
    const what = `rebalance ${id} is ${state}, ${done} of ${tasks} moves done`;
    const check = "rebalance";
    if (!failing) return [{ severity: "advice", check, what, remedy: advise`${watch} shows its progress` }];
    const ended = state === "failed";
    const past = ended && rebalanceAdvised(snapshot).length === 0;
    const again = ended ? advise`then ${rebalanceCommand(snapshot, "start")}` : watch;
    return [
      {
        severity: past ? "advice" : "warning",
        check,
        what: `${what}, after ${retries} retries: ${error?.replace(/\s+/g, " ").trim() ?? "no move says why, see the coordinator's log"}`,
        remedy: past
          ? advise`the shards are even nevertheless; ${rebalanceCommand(snapshot, "plan")} shows whether any is left to move`
          : advise`fix the cause; ${again}`,
      },
    ];
  });

/** What Citus adds to a group of shards besides its size (citus.rebalancer_by_disk_size_base_cost). In bytes. */
const BASE_COST = 100 * 1024 * 1024;

/** Shares of the average load that a node may be above or below. */
const TOLERANCE = 0.2;

/** A node carries much more or less than the others: by the sizes, as Citus' own strategy by_disk_size counts. */
export const rebalanceAdvised: Check = (snapshot) => {
  const { nodes } = snapshot;
  if (movesRun(snapshot)) return [];
  const carriers = nodes.filter(
    ({ registered }) => registered?.shouldhaveshards === true && registered.isactive,
  );
  if (carriers.length < 2 || carriers.some(({ state }) => state === undefined)) return [];
  const loads = carriers.map((node) => ({ node, load: loadOf(node) }));
  const groups = carriers.reduce((sum, { shardGroups }) => sum + shardGroups, 0);
  const average = loads.reduce((sum, { load }) => sum + load, 0) / loads.length;
  const least = loads.reduce((a, b) => (b.load < a.load ? b : a));
  const most = loads.reduce((a, b) => (b.load > a.load ? b : a));
  // Where one group more or less would only swap the two, there is nothing to gain.
  const gains = most.node.shardGroups > 1 && most.load - least.load > (1.5 * average * loads.length) / groups;
  const uneven = most.load > average * (1 + TOLERANCE) || least.load < average * (1 - TOLERANCE);
  if (groups === 0 || !gains || !uneven) return [];
  return [advice(snapshot, least.node, most.node)];
};

function loadOf({ shardGroups, state }: SnapshotNode): number {
  return shardGroups === 0 ? 0 : shardGroups * BASE_COST + (state?.bytes ?? 0);
}

/** In the measures of `loadOf`: numbers of shards alone may be the same where groups or sizes are not. */
function describeLoad({ label, shards, shardGroups, state }: SnapshotNode): string {
  if (shardGroups === 0) return `${label} has none`;
  return `${label} has ${shards} in ${shardGroups} colocated groups, ${formatBytes(state?.bytes ?? 0)}`;
}

function advice(snapshot: Snapshot, least: SnapshotNode, most: SnapshotNode): Fault {
  return {
    severity: "advice",
    check: "rebalance-advised",
    what: `shards are uneven: ${describeLoad(most)}; ${describeLoad(least)}`,
    remedy: advise`${rebalanceCommand(snapshot, "plan")} shows what would move`,
  };
}
