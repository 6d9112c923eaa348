-- Commands on other nodes: master_run_on_worker, which reaches unregistered servers too, and run_command_on_*.

-- Citus' answer for one command: the only value of the only row, or the command's tag.
CREATE FUNCTION citus_stand_in.collect(connection text, OUT success bool, OUT result text) LANGUAGE plpgsql AS $$
DECLARE
  answers text[];
BEGIN
  SELECT array_agg(coalesce(r.value, '')) INTO answers
  FROM citus_stand_in.dblink_get_result(connection) AS r(value text);
  success := coalesce(cardinality(answers), 0) <= 1;
  result := CASE WHEN success THEN coalesce(answers[1], '') ELSE 'expected a single row in query result' END;
  -- The end of the results has to be read before the connection takes another command.
  PERFORM FROM citus_stand_in.dblink_get_result(connection) AS r(value text);
EXCEPTION WHEN datatype_mismatch THEN
  success := false;
  result := 'expected a single column in query target';
WHEN OTHERS THEN
  success := false;
  result := 'ERROR:  ' || SQLERRM;
END $$;

-- Element i of `commands` runs on names[i]:ports[i]. All run at once when `parallel`, else one after the other.
-- A NULL reason means that the node was reached.
CREATE FUNCTION citus_stand_in.run_on(names text[], ports int[], commands text[], parallel bool)
RETURNS TABLE (item int, success bool, result text, reason text) LANGUAGE plpgsql AS $$
DECLARE
  connections text[] := '{}';
  reasons text[] := '{}';
  connection text;
BEGIN
  FOR i IN 1 .. coalesce(cardinality(names), 0) LOOP
    connections[i] := citus_stand_in.new_connection_name();
    reasons[i] := citus_stand_in.try_connect(connections[i], names[i], ports[i]);
    IF reasons[i] IS NULL AND parallel THEN
      PERFORM citus_stand_in.dblink_send_query(connections[i], commands[i]);
    END IF;
  END LOOP;
  FOR i IN 1 .. cardinality(connections) LOOP
    item := i;
    reason := reasons[i];
    IF reason IS NULL THEN
      IF NOT parallel THEN
        PERFORM citus_stand_in.dblink_send_query(connections[i], commands[i]);
      END IF;
      SELECT c.success, c.result INTO success, result FROM citus_stand_in.collect(connections[i]) c;
      PERFORM citus_stand_in.dblink_disconnect(connections[i]);
      connections[i] := NULL;
    ELSE
      success := false;
      result := format('failed to connect to %s:%s', names[i], ports[i]);
    END IF;
    RETURN NEXT;
  END LOOP;
EXCEPTION WHEN query_canceled OR OTHERS THEN
  FOR i IN 1 .. cardinality(connections) LOOP
    IF connections[i] IS NOT NULL AND (i > cardinality(reasons) OR reasons[i] IS NULL) THEN
      BEGIN
        PERFORM citus_stand_in.dblink_disconnect(connections[i]);
      EXCEPTION WHEN OTHERS THEN NULL; -- it was not open yet
      END;
    END IF;
  END LOOP;
  RAISE;
END $$;

CREATE FUNCTION pg_catalog.master_run_on_worker(worker_name text[], port int[], command text[], parallel bool,
  OUT node_name text, OUT node_port int, OUT success bool, OUT result text)
RETURNS SETOF record LANGUAGE plpgsql STRICT AS $$
BEGIN
  IF cardinality(worker_name) <> cardinality(port) OR cardinality(port) <> cardinality(command) THEN
    RAISE EXCEPTION USING ERRCODE = 'syntax_error', MESSAGE = 'expected same number of node name, port, and query string';
  END IF;
  RETURN QUERY SELECT worker_name[r.item], port[r.item], r.success, r.result
    FROM citus_stand_in.run_on(worker_name, port, command, parallel) r ORDER BY r.item;
END $$;

CREATE FUNCTION citus_stand_in.active_primaries() RETURNS SETOF pg_dist_node LANGUAGE sql STABLE AS
  $$ SELECT * FROM pg_dist_node n WHERE n.isactive AND n.noderole = 'primary' ORDER BY n.nodeid $$;

CREATE FUNCTION pg_catalog.run_command_on_workers(command text, parallel bool DEFAULT true,
  OUT nodename text, OUT nodeport int, OUT success bool, OUT result text)
RETURNS SETOF record LANGUAGE sql AS $$
  WITH nodes AS (SELECT array_agg(n.nodename ORDER BY n.nodeid) names, array_agg(n.nodeport ORDER BY n.nodeid) ports
                 FROM citus_stand_in.active_primaries() n WHERE n.groupid <> 0)
  SELECT nodes.names[r.item], nodes.ports[r.item], r.success, r.result
  FROM nodes, citus_stand_in.run_on(names, ports, array_fill(command, ARRAY[coalesce(cardinality(names), 0)]), parallel) r
$$;

CREATE FUNCTION pg_catalog.run_command_on_all_nodes(command text, parallel bool DEFAULT true,
  give_warning_for_connection_errors bool DEFAULT false, OUT nodeid int, OUT success bool, OUT result text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
  ids int[];
  names text[];
  ports int[];
  answer record;
BEGIN
  SELECT array_agg(n.nodeid ORDER BY n.nodeid), array_agg(n.nodename ORDER BY n.nodeid),
         array_agg(n.nodeport ORDER BY n.nodeid)
    INTO ids, names, ports FROM citus_stand_in.active_primaries() n;
  IF ids IS NULL THEN -- a server alone is node 0 and asks itself
    ids := '{0}';
    names := ARRAY[citus_stand_in.setting('local_hostname', 'localhost')];
    ports := ARRAY[current_setting('port')::int];
  END IF;
  FOR answer IN
    SELECT * FROM citus_stand_in.run_on(names, ports, array_fill(command, ARRAY[cardinality(ids)]), parallel)
  LOOP
    IF answer.reason IS NOT NULL AND give_warning_for_connection_errors THEN
      RAISE WARNING USING ERRCODE = 'connection_failure', MESSAGE = answer.reason;
    END IF;
    nodeid := ids[answer.item];
    success := answer.success;
    result := answer.result;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE FUNCTION pg_catalog.run_command_on_coordinator(command text,
  give_warning_for_connection_errors bool DEFAULT false, OUT nodeid int, OUT success bool, OUT result text)
RETURNS SETOF record LANGUAGE sql AS $$
  SELECT n.nodeid, r.success, r.result
  FROM pg_dist_node n,
       citus_stand_in.run_on(ARRAY[n.nodename], ARRAY[n.nodeport], ARRAY[command], false) r
  WHERE n.groupid = 0 AND n.noderole = 'primary'
$$;

CREATE FUNCTION pg_catalog.citus_get_active_worker_nodes(OUT node_name text, OUT node_port bigint)
RETURNS SETOF record LANGUAGE sql STABLE STRICT AS $$
  SELECT n.nodename, n.nodeport::bigint FROM pg_dist_node n
  WHERE n.isactive AND n.noderole = 'primary' AND (n.groupid <> 0 OR n.shouldhaveshards)
$$;
CREATE FUNCTION pg_catalog.master_get_active_worker_nodes(OUT node_name text, OUT node_port bigint)
RETURNS SETOF record LANGUAGE sql STABLE STRICT AS $$ SELECT * FROM citus_get_active_worker_nodes() $$;

CREATE FUNCTION pg_catalog.citus_nodename_for_nodeid(nodeid int) RETURNS text LANGUAGE sql STABLE STRICT AS
  $$ SELECT n.nodename FROM pg_dist_node n WHERE n.nodeid = $1 $$;
CREATE FUNCTION pg_catalog.citus_nodeport_for_nodeid(nodeid int) RETURNS int LANGUAGE sql STABLE STRICT AS
  $$ SELECT n.nodeport FROM pg_dist_node n WHERE n.nodeid = $1 $$;
CREATE FUNCTION pg_catalog.citus_coordinator_nodeid() RETURNS int LANGUAGE sql STABLE STRICT AS
  $$ SELECT coalesce((SELECT n.nodeid FROM pg_dist_node n WHERE n.groupid = 0 AND n.noderole = 'primary'), 0) $$;
