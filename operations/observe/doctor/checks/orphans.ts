import { DEAD_ORPHANS_REMEDY, ORPHANS_REMEDY } from "../../status/checks/leftovers";
import { type Finding, ok, warning } from "../finding";
import type { Inspection } from "../inspection";

/** What moves of shards left behind. */
export function checkOrphans({ cluster, registered }: Inspection): Finding[] {
  if (registered === undefined) return [];
  const place = { check: "orphans", where: cluster.environment };
  if (registered.moving) return [ok(place, "shards move just now: what a move needs is no leftover")];
  const { orphans, deadOrphans } = registered;
  const findings: Finding[] = [];
  if (deadOrphans > 0)
    findings.push(
      warning(
        place,
        `${deadOrphans} object(s) left over from moves are of nodes that are no longer registered (pg_dist_cleanup)`,
        DEAD_ORPHANS_REMEDY,
      ),
    );
  if (orphans > 0)
    findings.push(
      warning(
        place,
        `${orphans} object(s) left over from moves wait for their removal (pg_dist_cleanup)`,
        ORPHANS_REMEDY,
      ),
    );
  return findings.length > 0 ? findings : [ok(place, "nothing left over from moves")];
}
