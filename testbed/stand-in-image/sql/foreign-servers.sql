-- One foreign server per node; the partitions of a distributed table are foreign tables on them. What travels through
-- them runs as the superuser of this database, whatever role asked: that is simpler than Citus, where it is the role.

CREATE FUNCTION citus_stand_in.fdw_handler() RETURNS fdw_handler AS '$libdir/postgres_fdw', 'postgres_fdw_handler' LANGUAGE c STRICT;
CREATE FUNCTION citus_stand_in.fdw_validator(text[], oid) RETURNS void
  AS '$libdir/postgres_fdw', 'postgres_fdw_validator' LANGUAGE c STRICT;
CREATE FOREIGN DATA WRAPPER citus_stand_in HANDLER citus_stand_in.fdw_handler VALIDATOR citus_stand_in.fdw_validator;

-- "key=value" pairs of a conninfo text, quoted or not.
CREATE FUNCTION citus_stand_in.conninfo_pairs(text) RETURNS TABLE (key text, value text) LANGUAGE sql IMMUTABLE AS $$
  SELECT m[1], CASE WHEN m[2] LIKE '''%' THEN regexp_replace(substr(m[2], 2, length(m[2]) - 2), '\\(.)', '\1', 'g') ELSE m[2] END
  FROM regexp_matches($1, '(\w+)\s*=\s*(''(?:[^''\\]|\\.)*''|\S+)', 'g') m
$$;

CREATE FUNCTION citus_stand_in.superuser_name() RETURNS name LANGUAGE sql STABLE AS $$ SELECT rolname FROM pg_authid WHERE oid = 10 $$;

-- "OPTIONS (...)" that turns what is there into what is wanted; NULL when nothing differs.
CREATE FUNCTION citus_stand_in.option_changes(present text[], wanted jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  WITH old AS (SELECT split_part(o, '=', 1) AS key, substr(o, strpos(o, '=') + 1) AS value FROM unnest(present) o),
       new AS (SELECT key, value FROM jsonb_each_text(wanted))
  SELECT 'OPTIONS (' || string_agg(
    CASE WHEN new.key IS NULL THEN format('DROP %I', old.key)
         WHEN old.key IS NULL THEN format('ADD %I %L', new.key, new.value)
         ELSE format('SET %I %L', new.key, new.value) END, ', ') || ')'
  FROM old FULL JOIN new USING (key) WHERE old.value IS DISTINCT FROM new.value
$$;

CREATE FUNCTION citus_stand_in.refresh_server(server text, host text, port int, node int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  changes text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = server) THEN
    EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER citus_stand_in', server);
    EXECUTE format('CREATE USER MAPPING FOR PUBLIC SERVER %I', server);
  END IF;
  changes := citus_stand_in.option_changes((SELECT srvoptions FROM pg_foreign_server WHERE srvname = server),
    jsonb_build_object('host', host, 'port', port, 'dbname', current_database(), 'batch_size', 500, 'fetch_size', 1000,
                       'connect_timeout', 30, 'application_name', 'citus_internal')
    || coalesce((SELECT jsonb_object_agg(key, value)
                 FROM citus_stand_in.conninfo_pairs(citus_stand_in.setting('node_conninfo', 'sslmode=require'))
                 WHERE key NOT IN ('sslcert', 'sslkey')), '{}'));
  IF changes IS NOT NULL THEN
    EXECUTE format('ALTER SERVER %I %s', server, changes);
  END IF;
  changes := citus_stand_in.option_changes(
    (SELECT m.umoptions FROM pg_user_mappings m WHERE m.srvname = server AND m.umuser = 0),
    jsonb_build_object('user', citus_stand_in.superuser_name(), 'password_required', 'false')
    || coalesce((SELECT jsonb_object_agg(key, value)
                 FROM citus_stand_in.conninfo_pairs(citus_stand_in.setting('node_conninfo', ''))
                 WHERE key IN ('sslcert', 'sslkey')), '{}')
    || coalesce((SELECT jsonb_object_agg(key, value)
                 FROM citus_stand_in.conninfo_pairs(citus_stand_in.authinfo(node, citus_stand_in.superuser_name()))), '{}'));
  IF changes IS NOT NULL THEN
    EXECUTE format('ALTER USER MAPPING FOR PUBLIC SERVER %I %s', server, changes);
  END IF;
END $$;

-- Servers follow pg_dist_node, pg_dist_authinfo and citus.node_conninfo. A server that tables still use stays.
CREATE FUNCTION citus_stand_in.refresh_servers() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  node pg_dist_node;
  unused name;
BEGIN
  FOR node IN SELECT * FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid LOOP
    PERFORM citus_stand_in.refresh_server('citus_group_' || node.groupid, node.nodename, node.nodeport, node.nodeid);
  END LOOP;
  FOR unused IN
    SELECT s.srvname FROM pg_foreign_server s
    WHERE s.srvname ~ '^citus_group_\d+$'
      AND NOT EXISTS (SELECT FROM pg_dist_node n WHERE s.srvname = 'citus_group_' || n.groupid)
      AND NOT EXISTS (SELECT FROM pg_foreign_table t WHERE t.ftserver = s.oid)
  LOOP
    EXECUTE format('DROP USER MAPPING FOR PUBLIC SERVER %I', unused);
    EXECUTE format('DROP SERVER %I', unused);
  END LOOP;
END $$;

CREATE FUNCTION citus_stand_in.authinfo_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM citus_stand_in.refresh_servers();
  RETURN NULL;
END $$;
CREATE TRIGGER authinfo_changed AFTER INSERT OR UPDATE OR DELETE ON pg_catalog.pg_dist_authinfo
  FOR EACH STATEMENT EXECUTE FUNCTION citus_stand_in.authinfo_changed();
