/**
 * Settings of our own sessions. What ALTER DATABASE, ALTER ROLE, ALTER SYSTEM and the server's files set for everybody is
 * for the applications: it must change neither what our statements mean nor how their results are printed. An option of
 * the session's start has precedence over all of these, `role` and what is reloaded later included.
 *
 * Not set here is what people decide for us too: what is logged, durability, memory, and costs, which change no result.
 */

/** In every supported version of PostgreSQL, and every user may set them: as options of the session's start. */
export const SETTINGS: Readonly<Record<string, string>> = {
  // A server whose client has gone gives up its query and its locks, also when the client's machine vanished.
  client_connection_check_interval: "5s",
  tcp_keepalives_idle: "15",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
  tcp_user_timeout: "30s",

  // Timed out.
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",

  // Named: user schemas can't shadow anything, and nobody takes our superuser's rights away.
  search_path: "pg_catalog",
  role: "none",

  // Printed.
  client_min_messages: "notice",
  DateStyle: "ISO,MDY",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  extra_float_digits: "1",
  bytea_output: "hex",
  xmlbinary: "base64",
  quote_all_identifiers: "off",
  lc_monetary: "C",
  lc_numeric: "C",
  lc_time: "C",

  // Parsed.
  standard_conforming_strings: "on",
  backslash_quote: "safe_encoding",
  transform_null_equals: "off",
  array_nulls: "on",
  xmloption: "content",
  check_function_bodies: "on",

  // Planned: a catalog query gains nothing from being compiled, and takes longer.
  jit: "off",
  plan_cache_mode: "auto",

  // Isolated. With exit_on_error the first error would end the session.
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  row_security: "on",
  exit_on_error: "off",
  stats_fetch_consistency: "cache",

  // Where and how what we create is stored: Citus' catalogs and ours are plain tables.
  default_table_access_method: "heap",
  default_tablespace: "",
  temp_tablespaces: "",
};

/**
 * Only in some versions, or for superusers only: an option that the server doesn't take would end the session's start. So
 * they are set by its first statement, where the server has them and this user may.
 */
export const SETTINGS_AFTER_START: Readonly<Record<string, string>> = {
  // What the applications get is kept in INHERITED_READ_ONLY.
  default_transaction_read_only: "off",
  // PostgreSQL 17
  transaction_timeout: "0",
  // We read the server's messages, in English.
  lc_messages: "C",
  // Triggers and foreign keys of Citus' catalogs do their work.
  session_replication_role: "origin",
  // Our own sessions are seen by the others of us.
  track_activities: "on",
  "citus.enable_ddl_propagation": "on",
  "citus.enable_metadata_sync": "on",
  "citus.enable_local_execution": "on",
  "citus.override_table_visibility": "on",
  "citus.show_shards_for_app_name_prefixes": "",
  "citus.propagate_set_commands": "none",
  "citus.multi_shard_modify_mode": "parallel",
  // A plan of moves is refused where it is greater than the number of workers, whatever the tables have.
  "citus.shard_replication_factor": "1",
  "citus.worker_min_messages": "notice",
  // Between two looks whether a statement that we run on another node has ended.
  "citus.remote_task_check_interval": "10ms",
  "citus.log_remote_commands": "off",
};

/** As libpq's `options`: a backslash quotes a blank. */
export const STARTUP_OPTIONS = Object.entries(SETTINGS)
  .map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, "\\$&")}`)
  .join(" ");

/** A setting of our session: what `default_transaction_read_only` was before we set it, as in every other session here. */
export const INHERITED_READ_ONLY = "pgdist.inherited_read_only";

/** Where only a superuser may set it, only he tries. */
const allowed = (name: string) =>
  ["default_transaction_read_only", "transaction_timeout"].includes(name)
    ? "true"
    : "current_setting('is_superuser') = 'on'";

/**
 * Reads no table: where the user may not set one (or the server lacks it) it stays as it is. `current_setting(_, true)` is
 * null for one that isn't there.
 */
export const SET_THE_REST = `SELECT set_config('${INHERITED_READ_ONLY}', current_setting('default_transaction_read_only'), false), ${Object.entries(
  SETTINGS_AFTER_START,
)
  .map(
    ([name, value]) =>
      `CASE WHEN current_setting('${name}', true) <> '${value}' AND ${allowed(name)} ` +
      `THEN set_config('${name}', '${value}', false) END`,
  )
  .join(", ")}`;
