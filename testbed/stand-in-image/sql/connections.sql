-- Connections to other nodes through dblink's library, with the credentials that Citus would use: pg_dist_authinfo, or
-- else what libpq finds in the postmaster's environment (PGPASSWORD) and home (.pgpass).

CREATE FUNCTION citus_stand_in.dblink_connect(text, text) RETURNS text
  AS '$libdir/dblink', 'dblink_connect' LANGUAGE c STRICT;
CREATE FUNCTION citus_stand_in.dblink_disconnect(text) RETURNS text
  AS '$libdir/dblink', 'dblink_disconnect' LANGUAGE c STRICT;
CREATE FUNCTION citus_stand_in.dblink_exec(text, text) RETURNS text
  AS '$libdir/dblink', 'dblink_exec' LANGUAGE c STRICT;
CREATE FUNCTION citus_stand_in.dblink(text, text) RETURNS SETOF record
  AS '$libdir/dblink', 'dblink_record' LANGUAGE c STRICT;
CREATE FUNCTION citus_stand_in.dblink_send_query(text, text) RETURNS int
  AS '$libdir/dblink', 'dblink_send_query' LANGUAGE c STRICT;
CREATE FUNCTION citus_stand_in.dblink_get_result(text) RETURNS SETOF record
  AS '$libdir/dblink', 'dblink_get_result' LANGUAGE c STRICT;
CREATE FUNCTION citus_stand_in.dblink_is_busy(text) RETURNS int
  AS '$libdir/dblink', 'dblink_is_busy' LANGUAGE c STRICT;

CREATE FUNCTION citus_stand_in.setting(setting_name text, fallback text) RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT coalesce(nullif(current_setting('citus.' || setting_name, true), ''), fallback) $$;

-- A number without a unit means milliseconds, as for Citus' settings of time.
CREATE FUNCTION citus_stand_in.time_setting(setting_name text, fallback text) RETURNS interval LANGUAGE sql STABLE AS $$
  SELECT number * CASE unit WHEN 's' THEN interval '1 s' WHEN 'min' THEN interval '1 min' WHEN 'h' THEN interval '1 h'
                            WHEN 'd' THEN interval '1 day' ELSE interval '1 ms' END
  FROM (SELECT substring(value FROM '^[\d.]+')::float8 AS number, substring(value FROM '[a-z]+$') AS unit
        FROM citus_stand_in.setting(setting_name, fallback) AS s(value)) parts
$$;

CREATE FUNCTION citus_stand_in.conninfo_value(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT '''' || replace(replace($1, '\', '\\'), '''', '\''') || '''' $$;

-- The row of this node comes before the row of any node (0), as in Citus.
CREATE FUNCTION citus_stand_in.authinfo(node int, role_name name) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT a.authinfo FROM pg_dist_authinfo a
  WHERE a.rolename = role_name AND a.nodeid IN (0, node)
  ORDER BY a.nodeid = 0 LIMIT 1
$$;

CREATE FUNCTION citus_stand_in.connect_timeout() RETURNS int LANGUAGE sql STABLE AS
  $$ SELECT greatest(2, ceil(extract(epoch FROM citus_stand_in.time_setting('node_connection_timeout', '30s')))::int) $$;

CREATE FUNCTION citus_stand_in.conninfo(host text, port int) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT concat_ws(' ',
    'host=' || citus_stand_in.conninfo_value(host), 'port=' || port,
    'dbname=' || citus_stand_in.conninfo_value(current_database()),
    'user=' || citus_stand_in.conninfo_value(current_user),
    'connect_timeout=' || citus_stand_in.connect_timeout(),
    'application_name=' || citus_stand_in.conninfo_value('citus_internal gpid=' || citus_stand_in.gpid()),
    'options=''-c client_min_messages=warning''', -- libpq would print notices into this server's log
    citus_stand_in.setting('node_conninfo', 'sslmode=require'),
    citus_stand_in.authinfo((SELECT n.nodeid FROM pg_dist_node n WHERE n.nodename = host AND n.nodeport = port),
                            current_user))
$$;

CREATE FUNCTION citus_stand_in.local_nodeid() RETURNS int LANGUAGE sql STABLE AS $$
  SELECT n.nodeid FROM pg_dist_node n JOIN pg_dist_local_group USING (groupid) WHERE n.noderole = 'primary' LIMIT 1
$$;
CREATE FUNCTION citus_stand_in.gpid() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT coalesce(citus_stand_in.local_nodeid(), 99999999) * 10000000000 + pg_backend_pid() $$;
CREATE FUNCTION pg_catalog.citus_backend_gpid() RETURNS bigint LANGUAGE sql STABLE STRICT AS
  $$ SELECT citus_stand_in.gpid() $$;

-- Opens a connection and returns why it failed, or NULL. libpq names the address before each reason; Citus doesn't.
CREATE FUNCTION citus_stand_in.try_connect(connection text, host text, port int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  reason text;
BEGIN
  PERFORM citus_stand_in.dblink_connect(connection, citus_stand_in.conninfo(host, port));
  RETURN NULL;
EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection THEN
  GET STACKED DIAGNOSTICS reason = PG_EXCEPTION_DETAIL;
  reason := regexp_replace(reason, 'connection to server at "[^"]*"(?: \([^)]*\))?, port \d+ failed: ', '', 'g');
  IF reason LIKE '%timeout expired%' THEN
    RAISE WARNING 'could not establish connection after % ms', citus_stand_in.connect_timeout() * 1000;
    RETURN format('connection to the remote node %s@%s:%s failed', current_user, host, port);
  END IF;
  RETURN format('connection to the remote node %s@%s:%s failed with the following error: %s',
                current_user, host, port, btrim(reason, E' \n'));
END $$;

CREATE FUNCTION citus_stand_in.new_connection_name() RETURNS text LANGUAGE sql VOLATILE AS
  $$ SELECT 'citus_' || replace(gen_random_uuid()::text, '-', '') $$;

-- Returns the connection's name; the caller disconnects.
CREATE FUNCTION citus_stand_in.connect(host text, port int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  connection text := citus_stand_in.new_connection_name();
  reason text := citus_stand_in.try_connect(connection, host, port);
BEGIN
  IF reason IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'connection_failure', MESSAGE = reason;
  END IF;
  RETURN connection;
END $$;

-- Errors of the other node come with their own SQLSTATE and Citus' "ERROR:  " before the text.
CREATE FUNCTION citus_stand_in.query(connection text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  SELECT r.value INTO answer FROM citus_stand_in.dblink(connection, command) AS r(value text);
  RETURN answer;
END $$;

-- One command, one connection: for a single value, or for a command without rows.
CREATE FUNCTION citus_stand_in.query_node(host text, port int, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  connection text := citus_stand_in.connect(host, port);
  answer text;
BEGIN
  answer := citus_stand_in.query(connection, command);
  PERFORM citus_stand_in.dblink_disconnect(connection);
  RETURN answer;
EXCEPTION WHEN query_canceled OR OTHERS THEN
  PERFORM citus_stand_in.dblink_disconnect(connection);
  RAISE;
END $$;

-- Runs a command in a session of its own on this node, so that it is committed whatever becomes of the caller.
CREATE FUNCTION citus_stand_in.query_loopback(command text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT citus_stand_in.query_node(citus_stand_in.setting('local_hostname', 'localhost'),
                                   current_setting('port')::int, command)
$$;

CREATE FUNCTION citus_stand_in.local_group() RETURNS int LANGUAGE sql STABLE AS
  $$ SELECT groupid FROM pg_dist_local_group $$;
CREATE FUNCTION pg_catalog.citus_is_coordinator() RETURNS bool LANGUAGE sql STABLE STRICT AS
  $$ SELECT citus_stand_in.local_group() = 0 $$;

CREATE FUNCTION citus_stand_in.require_coordinator() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF citus_stand_in.local_group() <> 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = 'operation is not allowed on this node',
      HINT = 'Connect to the coordinator and run it again.';
  END IF;
END $$;
