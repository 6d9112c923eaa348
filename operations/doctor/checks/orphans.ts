import { type Finding, ok, warning } from "../finding";
import type { Snapshot } from "../snapshot";

/** What moves of shards left behind. */
export function checkOrphans({ cluster, registered }: Snapshot): Finding[] {
  if (registered === undefined) return [];
  const place = { check: "orphans", where: cluster.environment };
  if (registered.moving) return [ok(place, "shards move just now: what a move needs is no leftover")];
  if (registered.orphans === 0) return [ok(place, "nothing left over of moves")];
  return [
    warning(
      place,
      `${registered.orphans} object(s) left over of moves wait for their removal (pg_dist_cleanup)`,
      "Citus removes them within a minute; if they stay: CALL citus_cleanup_orphaned_resources() on the coordinator",
    ),
  ];
}
