import { ACCEPTED, CONNINFO, withKeepalives } from "../../cluster/nodes/keepalive-settings";
import { isSameValue } from "./setting-value";

/** Citus' own default of citus.node_conninfo. */
const DEFAULT_CONNINFO = "sslmode=require";

/** What Citus sets by ALTER SYSTEM when its extension is made where TLS is off (enable_ssl.c; seen of 13.0.3 to 14.0.1). */
const BY_CITUS: Readonly<Record<string, string>> = {
  ssl: "on",
  ssl_ciphers: [
    ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"],
    ...["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"],
    ...["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384"],
    ...["ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA384"],
  ].join(":"),
};

/** Whether a line of postgresql.auto.conf is from a registration of ours, or from Citus itself. */
export function isMadeByUs(name: string, value: string): boolean {
  if (name === CONNINFO) return value === withKeepalives(DEFAULT_CONNINFO);
  const own = ACCEPTED[name];
  if (own !== undefined) return isSameValue(own, value, { type: "integer", unit: null });
  return BY_CITUS[name] === value;
}

const ANY = /^/;

/**
 * What initdb writes into postgresql.conf beside the lines of its sample (PostgreSQL 15 to 18), as far as it is not that
 * server's: it tries fewer connections and smaller buffers where the machine has little.
 */
const BY_INITDB: Readonly<Record<string, RegExp>> = {
  max_connections: /^(100|[1-9]?\d)$/,
  autovacuum_worker_slots: /^(1[0-6]|\d)$/,
  shared_buffers: /^(\d+kB|(12[0-8]|1[01]\d|\d\d?)MB)$/,
  dynamic_shared_memory_type: /^(posix|sysv|mmap)$/,
  max_wal_size: /^1GB$/,
  min_wal_size: /^80MB$/,
  ...{ log_timezone: ANY, timezone: ANY, datestyle: ANY, default_text_search_config: /^pg_catalog\./ },
  ...{ lc_messages: ANY, lc_monetary: ANY, lc_numeric: ANY, lc_time: ANY },
};

/**
 * Whether a line of postgresql.conf is as initdb wrote it.
 *
 * @param sample lines of the image's postgresql.conf.sample that set something
 */
export function isOfInitdb(name: string, value: string, sample: readonly string[]): boolean {
  const own = name.toLowerCase();
  return BY_INITDB[own]?.test(value) === true || sample.some((line) => sets(line, own, value));
}

/** `name = 'value' # comment`; the equals sign may be left out. */
function sets(line: string, name: string, value: string): boolean {
  const [, own = "", quoted, plain = ""] =
    /^\s*([\w.]+)\s*(?:=\s*|\s)(?:'((?:[^']|'')*)'|([^\s#]*))/.exec(line) ?? [];
  return own.toLowerCase() === name && (quoted?.replaceAll("''", "'") ?? plain) === value;
}
