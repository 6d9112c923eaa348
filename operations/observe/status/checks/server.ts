import { X509Certificate } from "node:crypto";
import { formatBytes } from "../../../base/bytes";
import { formatDuration } from "../../../base/duration";
import { type Check, ofEachNode, placeOf } from "../check";
import type { Fault } from "../../../base/finding";
import type { NodeState } from "../../../cluster/nodes/node-state";
import { READ_ONLY_REMEDY } from "../../../cluster/nodes/setting-cause";
import { CERTIFICATE_DAYS, CONNECTIONS, DISK_FREE, XID_AGE } from "../../thresholds";
import type { Snapshot } from "../snapshot";
import type { Remedy } from "../../../base/remedy";
import {
  diskRemedy,
  RECOVERY_REMEDY,
  WAL_LEVEL_REMEDY,
  connectionsRemedy,
} from "../../../cluster/nodes/remedies";

type Judged = Pick<Fault, "severity" | "check" | "what" | "remedy">;

function found(severity: Fault["severity"], check: string, what: string, remedy: Remedy): Judged[] {
  return [{ severity, check, what, remedy }];
}

/** What can be wrong with one PostgreSQL server, by itself. */
export const servers: Check = ofEachNode(({ label, state }, snapshot) =>
  state === undefined
    ? []
    : [
        ...recovery(state),
        ...disk(state),
        ...connections(state, snapshot),
        ...walLevel(state),
        ...archiving(state),
        ...wraparound(state),
        ...certificate(state, snapshot),
      ].map((judged) => ({ ...judged, node: label })),
);

function recovery({ in_recovery, read_only }: NodeState): Judged[] {
  if (in_recovery) {
    return found("broken", "recovery", "it is in recovery: it can only be read", RECOVERY_REMEDY);
  }
  if (!read_only) return [];
  return found("broken", "read-only", "default_transaction_read_only is on", READ_ONLY_REMEDY);
}

function disk({ disk: { available, total, forRoot } }: NodeState): Judged[] {
  const free = available / total;
  if (total === 0 || free > DISK_FREE.warning) return [];
  const what = `its disk is nearly full: ${formatBytes(available)} of ${formatBytes(total)} free (${Math.round(free * 100)} %${forRoot ? ", with what is kept for root" : ""})`;
  return found(free <= DISK_FREE.broken ? "broken" : "warning", "disk", what, diskRemedy());
}

function connections({ connections: { used, max } }: NodeState, snapshot: Snapshot): Judged[] {
  const share = used / max;
  if (share < CONNECTIONS.warning) return [];
  const what = `${used} of ${max} connections are taken`;
  return found(
    share >= CONNECTIONS.broken ? "broken" : "warning",
    "connections",
    what,
    connectionsRemedy(placeOf(snapshot)),
  );
}

function walLevel({ wal_level }: NodeState): Judged[] {
  if (wal_level === "logical") return [];
  const what = `wal_level is ${wal_level}: its shards can't be moved online`;
  return found("warning", "wal-level", what, WAL_LEVEL_REMEDY);
}

function archiving({ archive_failure }: NodeState): Judged[] {
  if (archive_failure === null) return [];
  const remedy =
    "see archive_command and its log: WAL is retained until it can be archived, and fills the disk";
  return found("warning", "archiving", `WAL archiving fails: ${archive_failure}`, remedy);
}

function wraparound({ xid_age }: NodeState): Judged[] {
  if (xid_age < XID_AGE.warning) return [];
  const what = `its oldest transaction id is ${xid_age} transactions old: writes stop at 2^31`;
  const remedy =
    "VACUUM FREEZE there; see what holds it back: old transactions, prepared ones, replication slots";
  return found(xid_age >= XID_AGE.broken ? "broken" : "warning", "wraparound", what, remedy);
}

/** Citus' own certificate has no duration at all, and with sslmode=require nobody verifies it. */
function certificate({ certificate: pem, node_conninfo }: NodeState, { at }: Snapshot): Judged[] {
  if (pem === null) return [];
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(pem);
  } catch {
    const remedy = "put a certificate in PEM into ssl_cert_file and reload the server";
    return found("warning", "certificate", "its certificate (ssl_cert_file) can't be read", remedy);
  }
  const verified = /sslmode=verify/.test(node_conninfo);
  if (!verified && parsed.subject.includes("CN=citus-auto-ssl")) return [];
  const left = (new Date(parsed.validTo).getTime() - at.getTime()) / 1000;
  if (left > CERTIFICATE_DAYS * 86_400) return [];
  const remedy = "renew it, put it into ssl_cert_file, and SELECT pg_reload_conf(): no restart is needed";
  if (left > 0) {
    return found("warning", "certificate", `its certificate expires in ${formatDuration(left)}`, remedy);
  }
  const what = `its certificate expired on ${new Date(parsed.validTo).toISOString().slice(0, 10)}`;
  return found(verified ? "broken" : "warning", "certificate", what, remedy);
}
