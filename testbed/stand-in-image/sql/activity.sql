-- What runs where. Only what can be told from pg_stat_activity and pg_blocking_pids().

CREATE FUNCTION citus_stand_in.local_activity() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_agg(to_jsonb(a) || jsonb_build_object(
    'global_pid', coalesce(substring(a.application_name FROM '^citus_internal gpid=(\d+)')::bigint,
                           coalesce(citus_stand_in.local_nodeid(), 99999999) * 10000000000 + a.pid),
    'nodeid', coalesce(citus_stand_in.local_nodeid(), 0), 'is_worker_query', a.application_name LIKE 'citus_internal%'))::text
  FROM pg_stat_activity a WHERE a.datname = current_database()
$$;

CREATE FUNCTION citus_stand_in.stat_activity()
RETURNS TABLE (global_pid bigint, nodeid int, is_worker_query bool, datid oid, datname name, pid int, leader_pid int, usesysid oid,
  usename name, application_name text, client_addr inet, client_hostname text, client_port int, backend_start timestamptz,
  xact_start timestamptz, query_start timestamptz, state_change timestamptz, wait_event_type text, wait_event text, state text,
  backend_xid xid, backend_xmin xid, query_id bigint, query text, backend_type text)
LANGUAGE sql AS $$
  SELECT a.* FROM run_command_on_all_nodes('SELECT citus_stand_in.local_activity()') r,
  LATERAL jsonb_to_recordset(CASE WHEN r.success AND r.result <> '' THEN r.result::jsonb ELSE '[]' END) AS a(
    global_pid bigint, nodeid int, is_worker_query bool, datid oid, datname name, pid int, leader_pid int, usesysid oid,
    usename name, application_name text, client_addr inet, client_hostname text, client_port int, backend_start timestamptz,
    xact_start timestamptz, query_start timestamptz, state_change timestamptz, wait_event_type text, wait_event text, state text,
    backend_xid xid, backend_xmin xid, query_id bigint, query text, backend_type text)
$$;
CREATE VIEW citus.citus_stat_activity AS SELECT * FROM citus_stand_in.stat_activity();
ALTER VIEW citus.citus_stat_activity SET SCHEMA pg_catalog;
CREATE VIEW citus.citus_dist_stat_activity AS SELECT * FROM citus_stand_in.stat_activity() WHERE NOT is_worker_query;
ALTER VIEW citus.citus_dist_stat_activity SET SCHEMA pg_catalog;

-- Waits on this node only; Citus finds them across nodes.
CREATE VIEW citus.citus_lock_waits AS
  SELECT node.id::bigint * 10000000000 + waiting.pid AS waiting_gpid, node.id::bigint * 10000000000 + blocking.pid AS blocking_gpid,
         waiting.query AS blocked_statement, blocking.query AS current_statement_in_blocking_process,
         node.id AS waiting_nodeid, node.id AS blocking_nodeid
  FROM (SELECT coalesce(citus_stand_in.local_nodeid(), 0) AS id) node, pg_stat_activity waiting,
       unnest(pg_blocking_pids(waiting.pid)) AS blocker(pid) JOIN pg_stat_activity blocking USING (pid);
ALTER VIEW citus.citus_lock_waits SET SCHEMA pg_catalog;

CREATE FUNCTION pg_catalog.citus_remote_connection_stats(OUT hostname text, OUT port int, OUT database_name text, OUT connection_count_to_node int)
RETURNS SETOF record LANGUAGE sql STRICT AS $$
  SELECT n.nodename, n.nodeport, current_database()::text, r.result::int
  FROM pg_dist_node n JOIN run_command_on_all_nodes(
    'SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE ''citus_internal%'' AND pid <> pg_backend_pid()') r USING (nodeid)
  WHERE r.success
$$;

-- Nothing is counted: an empty view with Citus' columns.
CREATE VIEW citus.citus_stat_tenants AS
  SELECT NULL::int AS nodeid, NULL::int AS colocation_id, NULL::text AS tenant_attribute, NULL::int AS read_count_in_this_period,
         NULL::int AS read_count_in_last_period, NULL::int AS query_count_in_this_period, NULL::int AS query_count_in_last_period,
         NULL::float8 AS cpu_usage_in_this_period, NULL::float8 AS cpu_usage_in_last_period WHERE false;
ALTER VIEW citus.citus_stat_tenants SET SCHEMA pg_catalog;

CREATE FUNCTION pg_catalog.citus_create_restore_point(name text) RETURNS pg_lsn LANGUAGE plpgsql STRICT AS $$
DECLARE
  failed text;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  SELECT r.result INTO failed FROM run_command_on_workers(format('SELECT pg_create_restore_point(%L)', name)) r WHERE NOT r.success LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'connection_failure', MESSAGE = failed;
  END IF;
  RETURN pg_create_restore_point(name);
END $$;

-- The stand-in prepares no transactions, so what is there is somebody's plant: it is rolled back.
CREATE FUNCTION pg_catalog.recover_prepared_transactions() RETURNS int LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
  gid text;
  gids text;
  recovered int := 0;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  FOR node IN SELECT * FROM citus_stand_in.active_primaries() n WHERE n.groupid <> 0 LOOP
    gids := citus_stand_in.query_node(node.nodename, node.nodeport,
      'SELECT jsonb_agg(gid)::text FROM pg_prepared_xacts WHERE gid LIKE ''citus\_%'' AND database = current_database()');
    FOR gid IN SELECT jsonb_array_elements_text(gids::jsonb) LOOP
      PERFORM citus_stand_in.query_node(node.nodename, node.nodeport, format('ROLLBACK PREPARED %L', gid));
      recovered := recovered + 1;
    END LOOP;
  END LOOP;
  RETURN recovered;
END $$;

CREATE PROCEDURE pg_catalog.citus_finish_citus_upgrade() LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'already at the latest distributed schema version (13.0-1)';
END $$;
