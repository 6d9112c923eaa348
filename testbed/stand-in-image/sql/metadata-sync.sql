-- The coordinator is the truth: each change of its catalog is sent whole to every active worker with metadata, in one
-- transaction per worker that is committed after all of them took it. On a worker a distributed or reference table is a
-- foreign table that leads to the coordinator's, so queries on workers see what queries on the coordinator see.

CREATE FUNCTION citus_stand_in.metadata_document() RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'nodes', (SELECT jsonb_agg(to_jsonb(n)) FROM pg_dist_node n),
    'colocation', (SELECT jsonb_agg(to_jsonb(c)) FROM pg_dist_colocation c),
    'placements', (SELECT jsonb_agg(to_jsonb(p)) FROM pg_dist_placement p),
    'tables', (
      SELECT jsonb_agg(jsonb_build_object(
        'schema', s.nspname, 'name', c.relname,
        'partmethod', p.partmethod, 'partkey', p.partkey, 'colocationid', p.colocationid, 'repmodel', p.repmodel,
        'columns', (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
                    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        'shards', (SELECT jsonb_agg(to_jsonb(h) - 'logicalrelid') FROM pg_dist_shard h WHERE h.logicalrelid = c.oid)))
      FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid JOIN pg_namespace s ON s.oid = c.relnamespace))
$$;

-- A node that is activated gets the roles that the coordinator shares, with their passwords.
CREATE FUNCTION citus_stand_in.shared_roles() RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_agg(jsonb_build_object('name', a.rolname, 'password', a.rolpassword, 'login', a.rolcanlogin,
                                      'superuser', a.rolsuper))
  FROM pg_authid a JOIN pg_dist_object o ON o.objid = a.oid AND o.classid = 'pg_authid'::regclass
$$;

CREATE FUNCTION citus_stand_in.receive_roles(roles jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  role_row record;
BEGIN
  FOR role_row IN
    SELECT * FROM jsonb_to_recordset(coalesce(roles, '[]')) AS r(name name, password text, login bool, superuser bool)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_row.name) THEN
      EXECUTE format('CREATE ROLE %I', role_row.name);
    END IF;
    EXECUTE format('ALTER ROLE %I %s %s PASSWORD %L', role_row.name,
                   CASE WHEN role_row.login THEN 'LOGIN' ELSE 'NOLOGIN' END,
                   CASE WHEN role_row.superuser THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END, role_row.password);
  END LOOP;
END $$;

CREATE FUNCTION citus_stand_in.drop_relation(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  kind "char" := (SELECT relkind FROM pg_class WHERE oid = relation);
BEGIN
  EXECUTE format('DROP %s IF EXISTS %s CASCADE',
                 CASE kind WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relation);
END $$;

CREATE FUNCTION citus_stand_in.clear_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  shell regclass;
BEGIN
  FOR shell IN SELECT p.logicalrelid FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid LOOP
    PERFORM citus_stand_in.drop_relation(shell);
  END LOOP;
  DELETE FROM pg_dist_partition;
  DELETE FROM pg_dist_shard;
  DELETE FROM pg_dist_placement;
  DELETE FROM pg_dist_colocation;
END $$;

-- A user's own table of the same name is dropped, as Citus does; the registration has to look before.
CREATE FUNCTION citus_stand_in.receive_table(description jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  schema_name name := description ->> 'schema';
  table_name name := description ->> 'name';
  relation regclass := to_regclass(format('%I.%I', schema_name, table_name));
  same bool;
BEGIN
  SELECT c.relkind = 'f' AND description ->> 'columns' = string_agg(
           format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
    INTO same
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.oid = relation GROUP BY c.relkind;
  IF same IS DISTINCT FROM true THEN
    IF relation IS NOT NULL THEN
      PERFORM citus_stand_in.drop_relation(relation);
    END IF;
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', schema_name);
    EXECUTE format('CREATE FOREIGN TABLE %I.%I (%s) SERVER citus_group_0', schema_name, table_name,
                   description ->> 'columns');
    relation := format('%I.%I', schema_name, table_name);
  END IF;
  INSERT INTO pg_dist_partition (logicalrelid, partmethod, partkey, colocationid, repmodel)
    SELECT relation, t.partmethod, t.partkey, t.colocationid, t.repmodel
    FROM jsonb_to_record(description) AS t(partmethod "char", partkey text, colocationid int, repmodel "char");
  INSERT INTO pg_dist_shard (logicalrelid, shardid, shardstorage, shardminvalue, shardmaxvalue)
    SELECT relation, s.shardid, s.shardstorage, s.shardminvalue, s.shardmaxvalue
    FROM jsonb_to_recordset(description -> 'shards')
         AS s(shardid bigint, shardstorage "char", shardminvalue text, shardmaxvalue text);
END $$;

CREATE FUNCTION citus_stand_in.receive_metadata(document jsonb) RETURNS void LANGUAGE plpgsql
SET client_min_messages = warning AS $$
DECLARE
  gone regclass;
  description jsonb;
  wanted text[] := ARRAY(SELECT format('%I.%I', t ->> 'schema', t ->> 'name')
                         FROM jsonb_array_elements(coalesce(nullif(document -> 'tables', 'null'), '[]')) t);
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('citus_stand_in.metadata'));
  PERFORM citus_stand_in.receive_roles(nullif(document -> 'roles', 'null'));
  UPDATE pg_dist_local_group SET groupid = (document ->> 'group')::int;
  DELETE FROM pg_dist_node;
  INSERT INTO pg_dist_node SELECT * FROM jsonb_populate_recordset(NULL::pg_dist_node, document -> 'nodes');
  PERFORM citus_stand_in.refresh_servers();
  FOR gone IN
    SELECT p.logicalrelid FROM pg_dist_partition p
    JOIN pg_class c ON c.oid = p.logicalrelid JOIN pg_namespace s ON s.oid = c.relnamespace
    WHERE format('%I.%I', s.nspname, c.relname) <> ALL (wanted)
  LOOP
    PERFORM citus_stand_in.drop_relation(gone);
  END LOOP;
  DELETE FROM pg_dist_partition;
  DELETE FROM pg_dist_shard;
  DELETE FROM pg_dist_placement;
  DELETE FROM pg_dist_colocation;
  IF EXISTS (SELECT FROM pg_foreign_server WHERE srvname = 'citus_group_0') THEN
    FOR description IN SELECT t FROM jsonb_array_elements(coalesce(nullif(document -> 'tables', 'null'), '[]')) t LOOP
      PERFORM citus_stand_in.receive_table(description);
    END LOOP;
  END IF;
  INSERT INTO pg_dist_placement
    SELECT * FROM jsonb_populate_recordset(NULL::pg_dist_placement, coalesce(nullif(document -> 'placements', 'null'), '[]'));
  INSERT INTO pg_dist_colocation
    SELECT * FROM jsonb_populate_recordset(NULL::pg_dist_colocation, coalesce(nullif(document -> 'colocation', 'null'), '[]'));
END $$;

CREATE FUNCTION citus_stand_in.require_metadata_in_sync() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  late text := (SELECT format('%s:%s', n.nodename, n.nodeport) FROM pg_dist_node n
                WHERE n.isactive AND n.hasmetadata AND NOT n.metadatasynced AND n.groupid <> 0 LIMIT 1);
BEGIN
  IF late IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = late || ' is a metadata node, but is out of sync',
      HINT = 'If the node is up, wait until metadata gets synced to it and try again.';
  END IF;
END $$;

-- Sends the catalog to all active workers with metadata; `activated` is the node that also gets the roles.
CREATE FUNCTION citus_stand_in.sync_metadata(activated int DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  node pg_dist_node;
  connections text[] := '{}';
  connection text;
  document jsonb;
  answer record;
BEGIN
  PERFORM citus_stand_in.require_metadata_in_sync();
  PERFORM pg_advisory_xact_lock(hashtext('citus_stand_in.metadata'));
  PERFORM citus_stand_in.refresh_servers();
  document := citus_stand_in.metadata_document();
  FOR node IN SELECT * FROM pg_dist_node n WHERE n.isactive AND n.hasmetadata AND n.groupid <> 0 ORDER BY n.nodeid LOOP
    connections := connections || citus_stand_in.connect(node.nodename, node.nodeport);
    connection := connections[cardinality(connections)];
    PERFORM citus_stand_in.dblink_exec(connection, 'BEGIN');
    PERFORM citus_stand_in.dblink_send_query(connection, format('SELECT citus_stand_in.receive_metadata(%L)::text',
      document || jsonb_build_object('group', node.groupid)
               || CASE WHEN node.nodeid = activated THEN jsonb_build_object('roles', citus_stand_in.shared_roles()) ELSE '{}' END));
  END LOOP;
  FOREACH connection IN ARRAY connections LOOP
    SELECT * INTO answer FROM citus_stand_in.collect(connection);
    IF NOT answer.success THEN
      RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = answer.result;
    END IF;
  END LOOP;
  FOREACH connection IN ARRAY connections LOOP
    PERFORM citus_stand_in.dblink_exec(connection, 'COMMIT');
    PERFORM citus_stand_in.dblink_disconnect(connection);
  END LOOP;
EXCEPTION WHEN query_canceled OR OTHERS THEN
  FOREACH connection IN ARRAY connections LOOP
    BEGIN
      PERFORM citus_stand_in.dblink_disconnect(connection);
    EXCEPTION WHEN OTHERS THEN NULL; -- it was closed after its commit
    END;
  END LOOP;
  RAISE;
END $$;

CREATE FUNCTION pg_catalog.start_metadata_sync_to_all_nodes() RETURNS bool LANGUAGE plpgsql STRICT AS $$
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  UPDATE pg_dist_node SET hasmetadata = true, metadatasynced = true WHERE isactive AND noderole = 'primary';
  PERFORM citus_stand_in.sync_metadata();
  RETURN true;
END $$;

CREATE FUNCTION pg_catalog.start_metadata_sync_to_node(nodename text, nodeport int) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  UPDATE pg_dist_node n SET hasmetadata = true, metadatasynced = true WHERE n.nodename = $1 AND n.nodeport = $2;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('node (%s,%s) does not exist', nodename, nodeport);
  END IF;
  PERFORM citus_stand_in.sync_metadata();
END $$;

CREATE FUNCTION citus_stand_in.forget_cluster() RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
  PERFORM citus_stand_in.clear_tables();
  DELETE FROM pg_dist_node;
  PERFORM citus_stand_in.refresh_servers();
  UPDATE pg_dist_local_group SET groupid = 0;
END $$;

CREATE FUNCTION pg_catalog.stop_metadata_sync_to_node(nodename text, nodeport int, clear_metadata bool DEFAULT true)
RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  UPDATE pg_dist_node n SET hasmetadata = false, metadatasynced = false WHERE n.nodename = $1 AND n.nodeport = $2
    RETURNING * INTO node;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = format('node (%s,%s) does not exist', nodename, nodeport);
  END IF;
  IF clear_metadata AND node.isactive THEN
    RAISE NOTICE 'dropping metadata on the node (%,%)', nodename, nodeport;
    PERFORM citus_stand_in.query_node(nodename, nodeport, 'SELECT citus_stand_in.forget_cluster()::text');
  END IF;
  PERFORM citus_stand_in.sync_metadata();
END $$;
