-- Who reaches whom.

-- NULL when reachable, else why not.
CREATE FUNCTION citus_stand_in.unreachable_because(host text, port int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  connection text := citus_stand_in.new_connection_name();
  reason text := citus_stand_in.try_connect(connection, host, port);
BEGIN
  IF reason IS NULL THEN
    PERFORM citus_stand_in.dblink_disconnect(connection);
  END IF;
  RETURN reason;
END $$;

CREATE FUNCTION pg_catalog.citus_check_connection_to_node(nodename text, nodeport int DEFAULT 5432)
RETURNS bool LANGUAGE plpgsql STRICT AS $$
DECLARE
  reason text := citus_stand_in.unreachable_because(nodename, nodeport);
BEGIN
  IF reason IS NOT NULL THEN
    RAISE WARNING USING ERRCODE = 'connection_failure', MESSAGE = reason;
  END IF;
  RETURN reason IS NULL;
END $$;

-- Every source tests all targets in one command, and all sources do so at once.
CREATE FUNCTION pg_catalog.citus_check_cluster_node_health(OUT from_nodename text, OUT from_nodeport int,
  OUT to_nodename text, OUT to_nodeport int, OUT result bool)
RETURNS SETOF record LANGUAGE plpgsql STRICT AS $$
DECLARE
  names text[];
  ports int[];
  test text;
  answer record;
  reasons jsonb;
BEGIN
  SELECT array_agg(n.nodename ORDER BY n.nodeid), array_agg(n.nodeport ORDER BY n.nodeid)
    INTO names, ports FROM citus_stand_in.active_primaries() n;
  test := format('SELECT jsonb_agg(citus_stand_in.unreachable_because(t.host, t.port) ORDER BY t.i) '
                 'FROM unnest(%L::text[], %L::int[]) WITH ORDINALITY AS t(host, port, i)', names, ports);
  FOR answer IN
    SELECT * FROM citus_stand_in.run_on(names, ports, array_fill(test, ARRAY[coalesce(cardinality(names), 0)]), true)
  LOOP
    from_nodename := names[answer.item];
    from_nodeport := ports[answer.item];
    IF NOT answer.success THEN
      RAISE WARNING USING ERRCODE = 'connection_failure', MESSAGE = coalesce(answer.reason, answer.result);
    END IF;
    reasons := CASE WHEN answer.success THEN answer.result::jsonb END;
    FOR i IN 1 .. cardinality(names) LOOP
      to_nodename := names[i];
      to_nodeport := ports[i];
      result := CASE WHEN answer.success THEN reasons ->> (i - 1) IS NULL END;
      IF NOT result THEN
        RAISE WARNING USING ERRCODE = 'connection_failure', MESSAGE = reasons ->> (i - 1);
      END IF;
      RETURN NEXT;
    END LOOP;
  END LOOP;
END $$;
