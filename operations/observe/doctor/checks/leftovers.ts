import { formatBytes } from "../../../base/bytes";
import { type Finding, ok, warning } from "../finding";
import { LITTLE_WAL, PREPARED_AGE } from "../../thresholds";
import { isOfMove } from "../../status/moves";
import { isUnreachable } from "../inspection";
import type { InsideCheck } from "./check";
import { advise, commandIn } from "../../../base/remedy";

/** Prepared transactions of Citus and replication slots that nobody came back for: they keep vacuum or WAL waiting. */
export const checkLeftovers: InsideCheck = ({ node, inside: { server } }, { cluster, registered }) => {
  if (isUnreachable(server)) return [];
  const place = { check: "leftovers", where: node.id };
  const psql = commandIn(cluster, "psql", node.id);
  const findings: Finding[] = [];
  const [gid] = server.prepared;
  if (gid !== undefined) {
    findings.push(
      warning(
        place,
        `${server.prepared.length} prepared transaction(s) of Citus, older than ${PREPARED_AGE.citus} s: ${server.prepared.slice(0, 3).join(", ")}`,
        advise`they hold locks: SELECT recover_prepared_transactions() on the coordinator decides them; one of another coordinator by hand: ${psql}, ROLLBACK PREPARED '${gid}'`,
      ),
    );
  }
  for (const { name, bytes } of server.slots) {
    // Amid a move nobody reads its slot for moments, and to drop it would break the move.
    if (registered?.moving === true && isOfMove(name)) continue;
    if (!isOfMove(name) && Number(bytes) < LITTLE_WAL) continue;
    const drop = advise`${psql}, SELECT pg_drop_replication_slot('${name}')`;
    const kept = `retains ${formatBytes(Number(bytes))} of WAL`;
    findings.push(
      isOfMove(name)
        ? warning(
            place,
            `replication slot ${name} is left over from a move and ${kept}`,
            advise`when no move runs: CALL citus_cleanup_orphaned_resources() on the coordinator; if it stays: ${drop}`,
          )
        : warning(
            place,
            `replication slot ${name} has no consumer and ${kept}`,
            advise`bring its reader back (a standby, a subscription, a backup); or, if it is gone for good: ${drop}`,
          ),
    );
  }
  return findings.length > 0
    ? findings
    : [ok(place, "no prepared transaction or replication slot left over")];
};
