/** One row of pg_settings. */
export interface SettingRow {
  readonly name: string;
  readonly context: string;
  readonly vartype: string;
  readonly setting: string;
  readonly min_val: string | null;
  readonly max_val: string | null;
  readonly enumvals: readonly string[] | null;
}

/** A value that somebody may give a setting. */
export interface SettingCase {
  readonly name: string;
  readonly value: string;
  /** For new sessions of the database, or for the whole server, by a reload. */
  readonly scope: "database" | "system";
}

export const SETTINGS_OF_SERVER = `SELECT json_agg(json_build_object('name', name, 'context', context, 'vartype', vartype,
  'setting', setting, 'min_val', min_val, 'max_val', max_val, 'enumvals', enumvals) ORDER BY name)
  FROM pg_settings WHERE context IN ('user', 'superuser', 'backend', 'superuser-backend', 'sighup')`;

/** Settings of text: each has values of its own. */
const STRINGS: Readonly<Record<string, readonly string[]>> = {
  DateStyle: ["German", "SQL, DMY", "Postgres, YMD"],
  TimeZone: ["Asia/Kolkata", "America/St_Johns", "<+05:30>-05:30"],
  search_path: ["", "pg_temp", "public, pg_catalog", "information_schema"],
  lc_messages: ["C", "en_US.utf8"],
  lc_monetary: ["en_US.utf8"],
  lc_numeric: ["en_US.utf8"],
  lc_time: ["en_US.utf8"],
  client_encoding: ["LATIN1", "SQL_ASCII"],
  default_text_search_config: ["pg_catalog.german"],
  default_table_access_method: ["columnar"],
  default_tablespace: ["pg_default"],
  temp_tablespaces: ["pg_default"],
  "citus.show_shards_for_app_name_prefixes": ["*", "pg-dist"],
  createrole_self_grant: ["set, inherit"],
  restrict_nonsystem_relation_kind: ["view, foreign-table"],
  log_line_prefix: ["", "%m [%p] %q%u@%d "],
  log_timezone: ["Asia/Kolkata"],
  log_destination: ["csvlog", "jsonlog"],
  log_filename: ["x.log"],
  backtrace_functions: ["pg_sleep"],
  "citus.node_conninfo": ["sslmode=require connect_timeout=2", "sslmode=prefer keepalives=1"],
  application_name: ["x"],
  syslog_ident: ["x"],
  dynamic_library_path: ["$libdir:/nowhere"],
  wal_consistency_checking: ["heap"],
};

/**
 * Hidden from pg_settings. Without citus.hide_citus_dependent_objects, which is of Citus' own tests: where it is on, nobody's
 * query of pg_class works, for want of a function that only those make.
 */
export const HIDDEN: readonly SettingCase[] = (
  [
    ["citus.override_table_visibility", "off"],
    ["citus.enable_ddl_propagation", "off"],
    ["citus.enable_metadata_sync", "off"],
    ["citus.enable_router_execution", "off"],
    ["citus.enable_fast_path_router_planner", "off"],
    ["citus.enable_unsafe_triggers", "on"],
    ["citus.enable_manual_changes_to_shards", "on"],
    ["citus.subquery_pushdown", "on"],
    ["citus.select_opens_transaction_block", "off"],
    ["citus.sort_returning", "on"],
    ["citus.force_max_query_parallelization", "on"],
    ["citus.log_multi_join_order", "on"],
    ["citus.executor_slow_start_interval", "10"],
  ] as const
).map(([name, value]) => ({ name, value, scope: "database" }));

/** Every plausible other value of every setting that can be changed without a restart. */
export function casesOf(settings: readonly SettingRow[]): SettingCase[] {
  return settings.flatMap((row) => {
    const scope = row.context === "user" || row.context === "superuser" ? "database" : "system";
    return valuesOf(row)
      .filter((value) => value !== row.setting)
      .map((value): SettingCase => ({ name: row.name, value, scope }));
  });
}

function valuesOf({ name, vartype, setting, min_val, max_val, enumvals }: SettingRow): readonly string[] {
  switch (vartype) {
    case "bool":
      return [setting === "on" ? "off" : "on"];
    case "enum":
      return enumvals ?? [];
    case "integer":
    case "real":
      return [min_val, max_val].filter((value) => value !== null);
    default:
      return STRINGS[name] ?? [];
  }
}
