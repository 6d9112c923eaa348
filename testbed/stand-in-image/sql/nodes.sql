-- Adding, activating, disabling, updating and removing nodes.

CREATE FUNCTION citus_stand_in.find_node(nodename text, nodeport int) RETURNS pg_dist_node LANGUAGE plpgsql STABLE AS $$
DECLARE
  node pg_dist_node;
BEGIN
  SELECT * INTO node FROM pg_dist_node n WHERE n.nodename = $1 AND n.nodeport = $2;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = format('node at "%s:%s" does not exist', nodename, nodeport);
  END IF;
  RETURN node;
END $$;

CREATE FUNCTION pg_catalog.citus_set_coordinator_host(host text, port int DEFAULT current_setting('port')::int,
  node_role noderole DEFAULT 'primary', node_cluster name DEFAULT 'default')
RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  UPDATE pg_dist_node SET nodename = host, nodeport = port WHERE groupid = 0 AND noderole = 'primary';
  IF NOT FOUND THEN
    INSERT INTO pg_dist_node (groupid, nodename, nodeport, hasmetadata, metadatasynced, shouldhaveshards, noderole, nodecluster)
      VALUES (0, host, port, true, true, false, node_role, node_cluster);
  END IF;
  PERFORM citus_stand_in.sync_metadata();
END $$;

-- As Citus does when the first distributed table comes before any node.
CREATE FUNCTION citus_stand_in.add_coordinator_to_empty_cluster() RETURNS void LANGUAGE sql AS $$
  INSERT INTO pg_dist_node (groupid, nodename, nodeport, hasmetadata, metadatasynced, shouldhaveshards)
    SELECT 0, citus_stand_in.setting('local_hostname', 'localhost'), current_setting('port')::int, true, true, true
    WHERE NOT EXISTS (SELECT FROM pg_dist_node)
$$;

-- What a server says about itself, without relying on the extension there.
CREATE FUNCTION citus_stand_in.identity_of(host text, port int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  connection text := citus_stand_in.connect(host, port);
  version text;
  own_version text := (SELECT extversion FROM pg_extension WHERE extname = 'citus');
  answer jsonb;
BEGIN
  version := citus_stand_in.query(connection, 'SELECT max(extversion) FROM pg_extension WHERE extname = ''citus''');
  IF version IS DISTINCT FROM own_version THEN
    IF version IS NULL THEN
      RAISE WARNING USING ERRCODE = 'undefined_function',
        MESSAGE = 'function assign_distributed_transaction_id(integer, integer, unknown) does not exist';
    ELSE
      RAISE WARNING USING ERRCODE = 'internal_error',
        MESSAGE = 'loaded Citus library version differs from installed extension version';
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'internal_error',
      MESSAGE = format('failure on connection marked as essential: %s:%s', host, port);
  END IF;
  answer := citus_stand_in.query(connection,
    'SELECT jsonb_build_object(''server_id'', metadata ->> ''server_id'', ''started'', pg_postmaster_start_time()) '
    'FROM pg_dist_node_metadata');
  PERFORM citus_stand_in.dblink_disconnect(connection);
  RETURN answer;
EXCEPTION WHEN query_canceled OR OTHERS THEN
  PERFORM citus_stand_in.dblink_disconnect(connection);
  RAISE;
END $$;

-- A server can't join twice, and neither can this one or a copy of its data directory.
CREATE FUNCTION citus_stand_in.require_new_server(node pg_dist_node) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  identity jsonb := citus_stand_in.identity_of(node.nodename, node.nodeport);
BEGIN
  IF identity ->> 'server_id' = (SELECT metadata ->> 'server_id' FROM pg_dist_node_metadata) THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = 'Node cannot add itself as a worker.',
      HINT = format('Add the node as a coordinator by using: SELECT citus_set_coordinator_host(%L, %s);',
                    node.nodename, node.nodeport);
  END IF;
  IF EXISTS (SELECT FROM citus_stand_in.active_primaries() other
             WHERE other.nodeid <> node.nodeid AND other.groupid <> 0
               AND citus_stand_in.identity_of(other.nodename, other.nodeport) = identity) THEN
    RAISE EXCEPTION USING ERRCODE = 'deadlock_detected',
      MESSAGE = 'canceling the transaction since it was involved in a distributed deadlock';
  END IF;
END $$;

CREATE FUNCTION citus_stand_in.insert_node(nodename text, nodeport int, groupid int, noderole noderole, nodecluster name,
  OUT node pg_dist_node, OUT is_new bool)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  SELECT * INTO node FROM pg_dist_node n WHERE n.nodename = $1 AND n.nodeport = $2;
  is_new := NOT FOUND;
  IF NOT is_new THEN
    RETURN;
  END IF;
  IF nodename <> 'localhost' AND EXISTS (SELECT FROM pg_dist_node n WHERE n.groupid = 0 AND n.nodename = 'localhost') THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error',
      MESSAGE = 'cannot add a worker node when the coordinator hostname is set to localhost',
      DETAIL = 'Worker nodes need to be able to connect to the coordinator to transfer data.',
      HINT = 'Use SELECT citus_set_coordinator_host(''<hostname>'') to configure the coordinator hostname';
  END IF;
  INSERT INTO pg_dist_node (groupid, nodename, nodeport, isactive, noderole, nodecluster)
    VALUES (CASE WHEN $3 = -1 THEN nextval('pg_dist_groupid_seq') ELSE $3 END, $1, $2, false, $4, $5)
    RETURNING * INTO node;
END $$;

CREATE FUNCTION pg_catalog.citus_add_inactive_node(nodename text, nodeport int, groupid int DEFAULT -1,
  noderole noderole DEFAULT 'primary', nodecluster name DEFAULT 'default')
RETURNS int LANGUAGE sql STRICT AS $$ SELECT (node).nodeid FROM citus_stand_in.insert_node($1, $2, $3, $4, $5) $$;

CREATE FUNCTION pg_catalog.citus_activate_node(nodename text, nodeport int) RETURNS int LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  node := citus_stand_in.find_node(nodename, nodeport);
  IF node.noderole = 'primary' AND node.groupid <> 0 THEN
    IF NOT node.isactive THEN
      PERFORM citus_stand_in.require_new_server(node);
    END IF;
    UPDATE pg_dist_node n SET isactive = true, hasmetadata = true, metadatasynced = true WHERE n.nodeid = node.nodeid;
    PERFORM citus_stand_in.sync_metadata(node.nodeid);
  END IF;
  RETURN node.nodeid;
END $$;

CREATE FUNCTION pg_catalog.citus_add_node(nodename text, nodeport int, groupid int DEFAULT -1,
  noderole noderole DEFAULT 'primary', nodecluster name DEFAULT 'default')
RETURNS int LANGUAGE plpgsql STRICT AS $$
DECLARE
  added record;
BEGIN
  SELECT * INTO added FROM citus_stand_in.insert_node(nodename, nodeport, groupid, noderole, nodecluster);
  IF added.is_new THEN
    PERFORM citus_stand_in.require_metadata_in_sync();
    PERFORM citus_activate_node(nodename, nodeport);
  END IF;
  RETURN (added.node).nodeid;
END $$;

-- Refuses when a distributed table's shard is only there. Copies of reference tables are dropped from the metadata.
CREATE FUNCTION citus_stand_in.release_placements(node pg_dist_node) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  shard bigint;
  table_name text;
BEGIN
  SELECT s.shardid, format('%I.%I', ns.nspname, c.relname) INTO shard, table_name
  FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid) JOIN pg_class c ON c.oid = s.logicalrelid
  JOIN pg_namespace ns ON ns.oid = c.relnamespace
  WHERE p.groupid = node.groupid
    AND NOT EXISTS (SELECT FROM pg_dist_placement o WHERE o.shardid = p.shardid AND o.groupid <> p.groupid)
  ORDER BY s.shardid LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error',
      MESSAGE = format('cannot remove or disable the node %s:%s because because it contains the only shard placement for shard %s',
                       node.nodename, node.nodeport, shard),
      DETAIL = 'One of the table(s) that prevents the operation complete successfully is ' || table_name,
      HINT = 'To proceed, either drop the tables or use undistribute_table() function to convert them to local tables';
  END IF;
  PERFORM citus_stand_in.forget_reference_copies(node.groupid);
END $$;

CREATE FUNCTION pg_catalog.citus_remove_node(nodename text, nodeport int) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
  had_copies bool;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  node := citus_stand_in.find_node(nodename, nodeport);
  had_copies := EXISTS (SELECT FROM pg_dist_placement p WHERE p.groupid = node.groupid);
  PERFORM citus_stand_in.release_placements(node);
  IF node.groupid <> 0 AND node.isactive AND had_copies THEN -- a node with copies has to be up
    PERFORM citus_stand_in.dblink_disconnect(citus_stand_in.connect(nodename, nodeport));
  END IF;
  DELETE FROM pg_dist_node n WHERE n.nodeid = node.nodeid;
  PERFORM citus_stand_in.sync_metadata();
END $$;

CREATE FUNCTION pg_catalog.citus_disable_node(nodename text, nodeport int, synchronous bool DEFAULT false)
RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
  first_worker int;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  node := citus_stand_in.find_node(nodename, nodeport);
  IF node.groupid = 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = 'cannot change "isactive" field of the coordinator node';
  END IF;
  SELECT n.nodeid INTO first_worker FROM citus_stand_in.active_primaries() n WHERE n.groupid <> 0
    ORDER BY n.nodename, n.nodeport LIMIT 1;
  IF node.nodeid = first_worker AND NOT synchronous THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'disabling the first worker node in the metadata is not allowed',
      HINT = format('You can force disabling node, SELECT citus_disable_node(%L, %s, synchronous:=true);', nodename, nodeport);
  END IF;
  PERFORM citus_stand_in.release_placements(node);
  UPDATE pg_dist_node n SET isactive = false, metadatasynced = false WHERE n.nodeid = node.nodeid;
  PERFORM citus_stand_in.sync_metadata();
END $$;

CREATE FUNCTION pg_catalog.citus_set_node_property(nodename text, nodeport int, property text, value bool)
RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  node := citus_stand_in.find_node(nodename, nodeport);
  IF property <> 'shouldhaveshards' THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error',
      MESSAGE = 'only the ''shouldhaveshards'' property can be set using this function';
  END IF;
  UPDATE pg_dist_node n SET shouldhaveshards = value WHERE n.nodeid = node.nodeid;
  PERFORM citus_stand_in.sync_metadata();
END $$;

-- Neither reachability nor identity of the new address is checked, and a worker is not refused: so it is in Citus.
-- The other nodes learn it from the maintenance session.
CREATE FUNCTION pg_catalog.citus_update_node(node_id int, new_node_name text, new_node_port int, force bool DEFAULT false,
  lock_cooldown int DEFAULT 10000)
RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
BEGIN
  SELECT * INTO node FROM pg_dist_node n WHERE n.nodeid = node_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('node %s not found', node_id);
  END IF;
  IF EXISTS (SELECT FROM pg_dist_node n WHERE n.nodename = new_node_name AND n.nodeport = new_node_port AND n.nodeid <> node_id) THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'there is already another node with the specified hostname and port';
  END IF;
  IF (node.nodename, node.nodeport) = (new_node_name, new_node_port) THEN
    RETURN;
  END IF;
  PERFORM citus_stand_in.block_writes_on_group(node.groupid);
  UPDATE pg_dist_node n SET nodename = new_node_name, nodeport = new_node_port, metadatasynced = NOT n.hasmetadata
    WHERE n.nodeid = node_id;
  PERFORM citus_stand_in.refresh_servers();
END $$;

CREATE FUNCTION pg_catalog.citus_pause_node_within_txn(node_id int, force bool DEFAULT false, lock_cooldown int DEFAULT 10000)
RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
BEGIN
  SELECT * INTO node FROM pg_dist_node n WHERE n.nodeid = node_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('node %s not found', node_id);
  END IF;
  PERFORM citus_stand_in.block_writes_on_group(node.groupid);
END $$;
