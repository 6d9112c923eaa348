/** What a server holds beside its databases' contents, and which databases it has, as SQL (see `ServerContents`). */
export const SERVER_QUERY = `SELECT json_build_object(
    'citus', EXISTS (SELECT FROM pg_extension WHERE extname = 'citus'),
    'databases', (SELECT coalesce(json_agg(json_build_object('name', datname, 'bytes', pg_database_size(oid), 'connectable', datallowconn)
                    ORDER BY datname), '[]')
       FROM pg_database WHERE datname <> current_database() AND datname <> 'template0'),
    'slots', (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'type', slot_type, 'active', active, 'database', database,
                'bytes', coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                   restart_lsn), 0)) ORDER BY slot_name), '[]')
       FROM pg_replication_slots WHERE NOT temporary AND slot_name !~ '^citus_shard_(move|split)_'),
    'subscriptions', (SELECT coalesce(json_agg(json_build_object('name', subname, 'database', datname) ORDER BY subname), '[]')
       FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE subname !~ '^citus_shard_(move|split)_'),
    'prepared', (SELECT coalesce(json_agg(json_build_object('gid', gid, 'database', database) ORDER BY gid), '[]')
       FROM pg_prepared_xacts WHERE gid !~ '^citus_[0-9]+_[0-9]+_'),
    'files', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_ls_dir(current_setting('data_directory')) AS name
       WHERE name !~ '^(base|global|log|current_logfiles|PG_VERSION|postgresql([.]auto)?[.]conf([.]tmp)?|postmaster[.](opts|pid)|server[.](crt|key)|pg_.*|backup_(label|manifest)([.]old)?|tablespace_map([.]old)?|(standby|recovery)[.](signal|done))$'),
    'roles', (SELECT coalesce(json_agg(rolname ORDER BY rolname), '[]') FROM pg_roles WHERE oid >= 16384))::text`
  .replace(/\s+/g, " ")
  .trim();
