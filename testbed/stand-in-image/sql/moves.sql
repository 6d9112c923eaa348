-- Moving a shard, with the shards colocated with it, to another node. Clients of the shard wait while its rows are
-- copied, in every transfer mode: the modes differ only in what they require.

CREATE FUNCTION citus_stand_in.require_replica_identity(relation regclass) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND c.relreplident NOT IN ('f', 'i')
             AND (c.relreplident = 'n' OR NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary))) THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
      MESSAGE = format('cannot use logical replication to transfer shards of the relation %s since it doesn''t have a REPLICA '
                       'IDENTITY or PRIMARY KEY', relation),
      DETAIL = 'UPDATE and DELETE commands on the shard will error out during logical replication unless there is a REPLICA '
               'IDENTITY or PRIMARY KEY.',
      HINT = 'If you wish to continue without a replica identity set the shard_transfer_mode to ''force_logical'' or ''block_writes''.';
  END IF;
END $$;

CREATE FUNCTION citus_stand_in.require_logical_wal(source pg_dist_node) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  needs text := CASE WHEN current_setting('server_version_num')::int >= 170000
                     THEN 'logical decoding requires "wal_level" >= "logical"' ELSE 'logical decoding requires wal_level >= logical' END;
BEGIN
  IF citus_stand_in.query_node(source.nodename, source.nodeport, 'SHOW wal_level') <> 'logical' THEN
    RAISE WARNING USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = needs;
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = 'ERROR:  ' || needs;
  END IF;
END $$;

-- Locks the partitions against everyone. A foreign table can't be locked by LOCK TABLE, but changing an option does it.
-- Short tries, each giving up what it has: readers of several colocated tables lock them in another order.
CREATE FUNCTION citus_stand_in.lock_partitions(partitions regclass[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  patience int := (SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout');
  started timestamptz := clock_timestamp();
  partition regclass;
BEGIN
  LOOP
    BEGIN
      PERFORM set_config('lock_timeout', CASE WHEN patience BETWEEN 1 AND 199 THEN patience ELSE 200 END::text, true);
      FOREACH partition IN ARRAY partitions LOOP
        EXECUTE format('ALTER FOREIGN TABLE %s OPTIONS (SET table_name %L)', partition,
                       (SELECT c.relname FROM pg_class c WHERE c.oid = partition));
      END LOOP;
      PERFORM set_config('lock_timeout', patience::text, true);
      RETURN;
    EXCEPTION WHEN lock_not_available THEN
      IF patience > 0 AND clock_timestamp() - started >= patience * interval '1 ms' THEN
        RAISE;
      END IF;
    END;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;

CREATE FUNCTION citus_stand_in.partition_of_shard(shard bigint) RETURNS regclass LANGUAGE sql STABLE AS $$
  SELECT to_regclass(format('citus_stand_in.%I', c.relname || '_' || shard))
  FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid WHERE s.shardid = shard
$$;

CREATE FUNCTION citus_stand_in.block_writes_on_group(group_id int) RETURNS void LANGUAGE sql AS $$
  SELECT citus_stand_in.lock_partitions(ARRAY(
    SELECT citus_stand_in.partition_of_shard(p.shardid) FROM pg_dist_placement p
    WHERE p.groupid = group_id AND citus_stand_in.partition_of_shard(p.shardid) IS NOT NULL ORDER BY p.shardid))
$$;

-- PostgreSQL has no command that changes a foreign table's server. The lock's ALTER has queued the invalidation.
CREATE FUNCTION citus_stand_in.point_partition_at(partition regclass, group_id int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  server oid := (SELECT oid FROM pg_foreign_server WHERE srvname = 'citus_group_' || group_id);
BEGIN
  UPDATE pg_depend d SET refobjid = server FROM pg_foreign_table t
    WHERE t.ftrelid = partition AND d.classid = 'pg_class'::regclass AND d.objid = partition
      AND d.refclassid = 'pg_foreign_server'::regclass AND d.refobjid = t.ftserver;
  UPDATE pg_foreign_table SET ftserver = server WHERE ftrelid = partition;
END $$;

CREATE FUNCTION citus_stand_in.colocated_shards(shard bigint) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(other.shardid ORDER BY other.shardid)
  FROM pg_dist_shard s JOIN pg_dist_partition p USING (logicalrelid)
  JOIN pg_dist_partition q ON q.colocationid = p.colocationid
  JOIN pg_dist_shard other ON other.logicalrelid = q.logicalrelid AND other.shardminvalue = s.shardminvalue
  WHERE s.shardid = shard
$$;

-- True when there is something to do; the refusals come in Citus' order.
CREATE FUNCTION citus_stand_in.check_move(shard bigint, source pg_dist_node, target pg_dist_node, mode citus.shard_transfer_mode)
RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
  relation regclass := (SELECT s.logicalrelid FROM pg_dist_shard s WHERE s.shardid = shard);
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  IF source.nodeid = target.nodeid THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'cannot move shard to the same node';
  END IF;
  IF relation IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = format('could not find valid entry for shard %s', shard);
  END IF;
  IF (SELECT p.partmethod FROM pg_dist_partition p WHERE p.logicalrelid = relation) = 'n' THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
      MESSAGE = format('table %s is a reference table, moving shard of reference tables is not supported', relation);
  END IF;
  IF EXISTS (SELECT FROM pg_dist_placement p WHERE p.shardid = shard AND p.groupid = target.groupid) THEN
    RAISE WARNING USING MESSAGE = format('shard is already present on node %s:%s', target.nodename, target.nodeport),
      DETAIL = 'Move may have already completed.';
    RETURN false;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_dist_placement p WHERE p.shardid = shard AND p.groupid = source.groupid) THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error',
      MESSAGE = format('could not find placement matching "%s:%s"', source.nodename, source.nodeport);
  END IF;
  IF NOT target.isactive THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'Moving shards to a non-active node is not supported';
  END IF;
  IF NOT target.shouldhaveshards THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'Moving shards to a node that shouldn''t have a shard is not supported',
      HINT = format('Allow shards on the target node via SELECT * FROM citus_set_node_property(%L, %s, ''shouldhaveshards'', true);',
                    target.nodename, target.nodeport);
  END IF;
  PERFORM citus_stand_in.require_metadata_in_sync();
  IF mode = 'auto' THEN
    PERFORM citus_stand_in.require_replica_identity(s.logicalrelid)
      FROM pg_dist_shard s WHERE s.shardid = ANY (citus_stand_in.colocated_shards(shard));
  END IF;
  IF mode <> 'block_writes' THEN
    PERFORM citus_stand_in.require_logical_wal(source);
  END IF;
  RETURN true;
END $$;

CREATE FUNCTION citus_stand_in.lock_colocation(shard bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  relation regclass;
  colocation int;
BEGIN
  SELECT p.logicalrelid, p.colocationid INTO relation, colocation
    FROM pg_dist_shard s JOIN pg_dist_partition p USING (logicalrelid) WHERE s.shardid = shard;
  IF NOT pg_try_advisory_xact_lock(hashtext('citus_stand_in.move'), colocation) THEN
    RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = format('could not acquire the lock required to move %s', relation),
      DETAIL = 'It means that either a concurrent shard move or colocated distributed table creation is happening.',
      HINT = 'Make sure that the concurrent operation has finished and re-run the command';
  END IF;
END $$;

-- Leftovers of earlier moves go first; one that can't go stops this move.
CREATE FUNCTION citus_stand_in.clear_the_way(shards bigint[], target_group int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  leftover text;
BEGIN
  PERFORM citus_stand_in.clean_up();
  SELECT c.object_name INTO leftover FROM pg_dist_cleanup c JOIN unnest(shards) s ON c.object_name = citus_stand_in.qualified_shard_name(s)
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error',
      MESSAGE = format('shard move failed as the orphaned shard %s leftover from the previous move could not be cleaned up', leftover);
  END IF;
END $$;

CREATE FUNCTION citus_stand_in.move_shard(shard bigint, source pg_dist_node, target pg_dist_node, mode citus.shard_transfer_mode)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  shards bigint[];
  operation bigint;
  script text;
  moved bigint;
BEGIN
  IF NOT citus_stand_in.check_move(shard, source, target, mode) THEN
    RETURN;
  END IF;
  PERFORM citus_stand_in.lock_colocation(shard);
  shards := citus_stand_in.colocated_shards(shard);
  PERFORM citus_stand_in.clear_the_way(shards, target.groupid);
  operation := nextval('pg_dist_operationid_seq');
  PERFORM pg_advisory_xact_lock(hashtext('citus_stand_in.operation'), operation::int);
  -- Committed before anything is created, so that a move that dies on the way is cleaned up.
  PERFORM citus_stand_in.query_loopback(format(
    'SELECT citus_stand_in.announce_move(%s, %L, %s, %s, %s)::text', operation, shards, source.groupid, target.groupid, pg_backend_pid()));
  FOREACH moved IN ARRAY shards LOOP
    script := citus_stand_in.query_node(source.nodename, source.nodeport,
      format('SELECT citus_stand_in.table_script(%L::regclass, %L, '''')', citus_stand_in.qualified_shard_name(moved),
             (SELECT c.relname || '_' || moved FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid WHERE s.shardid = moved)));
    PERFORM citus_stand_in.query_node(target.nodename, target.nodeport, script);
  END LOOP;
  PERFORM citus_stand_in.lock_partitions(ARRAY(SELECT citus_stand_in.partition_of_shard(s) FROM unnest(shards) s));
  PERFORM citus_stand_in.query_node(source.nodename, source.nodeport, format(
    'SELECT citus_stand_in.push_rows(%L, %L, %L, %s)', n.nspname, c.relname || '_' || s.shardid, target.nodename, target.nodeport))
    FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE s.shardid = ANY (shards);
  PERFORM citus_stand_in.point_partition_at(citus_stand_in.partition_of_shard(s), target.groupid) FROM unnest(shards) s;
  UPDATE pg_dist_placement p SET groupid = target.groupid, placementid = nextval('pg_dist_placement_placementid_seq')
    WHERE p.shardid = ANY (shards) AND p.groupid = source.groupid;
  DELETE FROM pg_dist_cleanup c WHERE c.operation_id = operation;
  INSERT INTO pg_dist_cleanup (operation_id, object_type, object_name, node_group_id, policy_type)
    SELECT operation, 1, citus_stand_in.qualified_shard_name(s), source.groupid, 2 FROM unnest(shards) s;
  DELETE FROM citus_stand_in.progress p WHERE p.operation_id = operation;
  PERFORM citus_stand_in.sync_metadata();
END $$;

-- A move holds a lock on its operation until it has ended, in whatever way.
CREATE FUNCTION citus_stand_in.is_running(operation bigint) RETURNS bool LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objid = operation
                 AND l.classid::bigint = hashtext('citus_stand_in.operation')::bigint & 4294967295)
$$;

-- Runs in a session of its own, so it must not touch rows that the move's transaction has changed.
CREATE FUNCTION citus_stand_in.announce_move(operation bigint, shards bigint[], source_group int, target_group int, session int)
RETURNS void LANGUAGE sql AS $$
  DELETE FROM citus_stand_in.progress p WHERE NOT citus_stand_in.is_running(p.operation_id);
  INSERT INTO citus_stand_in.progress SELECT operation, session, s, source_group, target_group FROM unnest(shards) s;
  INSERT INTO pg_dist_cleanup (operation_id, object_type, object_name, node_group_id, policy_type)
    SELECT operation, 1, citus_stand_in.qualified_shard_name(s), target_group, 1 FROM unnest(shards) s;
$$;

CREATE FUNCTION citus_stand_in.node_by_id(node_id int) RETURNS pg_dist_node LANGUAGE plpgsql STABLE AS $$
DECLARE
  node pg_dist_node;
BEGIN
  SELECT * INTO node FROM pg_dist_node n WHERE n.nodeid = node_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = format('node with node id %s could not be found', node_id);
  END IF;
  RETURN node;
END $$;

CREATE FUNCTION pg_catalog.citus_move_shard_placement(shard_id bigint, source_node_id int, target_node_id int,
  transfer_mode citus.shard_transfer_mode DEFAULT 'auto')
RETURNS void LANGUAGE sql STRICT AS $$
  SELECT citus_stand_in.move_shard(shard_id, citus_stand_in.node_by_id(source_node_id), citus_stand_in.node_by_id(target_node_id), transfer_mode)
$$;
CREATE FUNCTION pg_catalog.citus_move_shard_placement(shard_id bigint, source_node_name text, source_node_port int,
  target_node_name text, target_node_port int, shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto')
RETURNS void LANGUAGE sql STRICT AS $$
  SELECT citus_stand_in.move_shard(shard_id, citus_stand_in.find_node(source_node_name, source_node_port),
                                   citus_stand_in.find_node(target_node_name, target_node_port), shard_transfer_mode)
$$;
CREATE FUNCTION pg_catalog.master_move_shard_placement(shard_id bigint, source_node_name text, source_node_port int,
  target_node_name text, target_node_port int, shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto')
RETURNS void LANGUAGE sql STRICT AS $$ SELECT citus_move_shard_placement($1, $2, $3, $4, $5, $6) $$;

-- Citus locks the shards' metadata against moves; here nobody at all gets at them until the transaction ends.
CREATE FUNCTION pg_catalog.lock_shard_metadata(lock_mode int, shard_id bigint[]) RETURNS void LANGUAGE sql STRICT AS $$
  SELECT citus_stand_in.lock_partitions(ARRAY(
    SELECT citus_stand_in.partition_of_shard(s) FROM unnest(shard_id) s WHERE citus_stand_in.partition_of_shard(s) IS NOT NULL ORDER BY s))
$$;
