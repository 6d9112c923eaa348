-- A reference table stays an ordinary table on the coordinator; triggers repeat each write on the workers' copies
-- within the same transaction. Writers take turns, as they do in Citus.

CREATE TABLE citus_stand_in.reference_copy (
  relation oid NOT NULL,
  groupid int NOT NULL,
  foreign_table name NOT NULL,
  PRIMARY KEY (relation, groupid)
);

CREATE FUNCTION citus_stand_in.take_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('citus_stand_in.reference'), TG_RELID::int);
  RETURN NULL;
END $$;

CREATE FUNCTION citus_stand_in.repeat_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  copy name;
  columns text := citus_stand_in.column_list(TG_RELID);
  same_row text := (SELECT string_agg(format('c.%I IS NOT DISTINCT FROM o.%I', a.attname, a.attname), ' AND ')
                    FROM pg_attribute a
                    WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped
                      AND a.attnum = ANY (coalesce((SELECT i.indkey::int2[] FROM pg_index i WHERE i.indrelid = TG_RELID AND i.indisprimary),
                                                   ARRAY[a.attnum])));
BEGIN
  FOR copy IN SELECT r.foreign_table FROM citus_stand_in.reference_copy r WHERE r.relation = TG_RELID ORDER BY r.groupid LOOP
    IF TG_OP = 'TRUNCATE' THEN
      EXECUTE format('TRUNCATE citus_stand_in.%I', copy);
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
      EXECUTE format('DELETE FROM citus_stand_in.%I c USING old_rows o WHERE %s', copy, same_row);
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
      EXECUTE format('INSERT INTO citus_stand_in.%I (%s) SELECT %s FROM new_rows', copy, columns, columns);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- Adds the copy on one node and fills it; the caller has locked the table against writes.
CREATE FUNCTION citus_stand_in.add_reference_copy(relation regclass, shard bigint, node pg_dist_node) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  relation_name name := (SELECT c.relname FROM pg_class c WHERE c.oid = relation);
  copy name := format('%s_%s_g%s', relation_name, shard, node.groupid);
  columns text := citus_stand_in.column_list(relation);
  remote_name text := citus_stand_in.qualified_shard_name(shard);
BEGIN
  IF node.groupid <> 0 THEN
    PERFORM citus_stand_in.query_node(node.nodename, node.nodeport,
      format('SET client_min_messages = error; DROP TABLE IF EXISTS %s; %s', remote_name,
             citus_stand_in.table_script(relation, relation_name || '_' || shard, '_' || shard)));
    PERFORM citus_stand_in.create_foreign_copy(relation, copy, 'citus_group_' || node.groupid, relation_name || '_' || shard);
    INSERT INTO citus_stand_in.reference_copy VALUES (relation, node.groupid, copy);
    EXECUTE format('INSERT INTO citus_stand_in.%I (%s) SELECT %s FROM %s', copy, columns, columns, relation);
  END IF;
  INSERT INTO pg_dist_placement (shardid, shardstate, shardlength, groupid) VALUES (shard, 1, 0, node.groupid);
END $$;

CREATE FUNCTION pg_catalog.create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql STRICT SECURITY DEFINER AS $$
DECLARE
  shard bigint := nextval('pg_dist_shardid_seq');
  colocation int;
  node pg_dist_node;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  PERFORM citus_stand_in.require_plain_table(table_name);
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', table_name);
  PERFORM pg_advisory_xact_lock(hashtext('citus_stand_in.metadata'));
  PERFORM citus_stand_in.add_coordinator_to_empty_cluster();
  PERFORM citus_stand_in.require_metadata_in_sync();
  PERFORM citus_stand_in.share_role((SELECT c.relowner FROM pg_class c WHERE c.oid = table_name));
  PERFORM citus_stand_in.refresh_servers();
  SELECT c.colocationid INTO colocation FROM pg_dist_colocation c WHERE c.replicationfactor = -1;
  IF NOT FOUND THEN
    INSERT INTO pg_dist_colocation VALUES (nextval('pg_dist_colocationid_seq'), 1, -1, 0, 0) RETURNING colocationid INTO colocation;
  END IF;
  INSERT INTO pg_dist_partition (logicalrelid, partmethod, partkey, colocationid, repmodel) VALUES (table_name, 'n', NULL, colocation, 't');
  INSERT INTO pg_dist_shard VALUES (table_name, shard, 't', NULL, NULL);
  INSERT INTO pg_dist_object (classid, objid, objsubid) VALUES ('pg_class'::regclass, table_name, 0) ON CONFLICT DO NOTHING;
  BEGIN
    FOR node IN SELECT * FROM citus_stand_in.active_primaries() LOOP
      PERFORM citus_stand_in.add_reference_copy(table_name, shard, node);
    END LOOP;
    PERFORM citus_stand_in.add_reference_triggers(table_name);
    PERFORM citus_stand_in.sync_metadata();
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    PERFORM citus_stand_in.query_node(n.nodename, n.nodeport,
        'DROP TABLE IF EXISTS ' || citus_stand_in.qualified_shard_name(shard))
      FROM citus_stand_in.active_primaries() n WHERE n.groupid <> 0;
    RAISE;
  END;
END $$;

CREATE FUNCTION citus_stand_in.add_reference_triggers(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER take_turns BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
                 'FOR EACH STATEMENT EXECUTE FUNCTION citus_stand_in.take_turns()', table_name);
  EXECUTE format('CREATE TRIGGER repeat_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION citus_stand_in.repeat_write()', table_name);
  EXECUTE format('CREATE TRIGGER repeat_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION citus_stand_in.repeat_write()', table_name);
  EXECUTE format('CREATE TRIGGER repeat_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION citus_stand_in.repeat_write()', table_name);
  EXECUTE format('CREATE TRIGGER repeat_truncate AFTER TRUNCATE ON %s '
                 'FOR EACH STATEMENT EXECUTE FUNCTION citus_stand_in.repeat_write()', table_name);
END $$;

-- A node that joined later gets its copies here (or with the first rebalance), not when it is added.
CREATE FUNCTION pg_catalog.replicate_reference_tables(shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto')
RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  node pg_dist_node;
  missing record;
  added bool := false;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  FOR missing IN
    SELECT s.logicalrelid, s.shardid, n AS target FROM pg_dist_shard s JOIN pg_dist_partition p USING (logicalrelid)
    CROSS JOIN citus_stand_in.active_primaries() n
    WHERE p.partmethod = 'n' AND NOT EXISTS (SELECT FROM pg_dist_placement o WHERE o.shardid = s.shardid AND o.groupid = n.groupid)
    ORDER BY s.shardid, n.nodeid
  LOOP
    node := missing.target;
    IF shard_transfer_mode = 'auto' THEN
      PERFORM citus_stand_in.require_replica_identity(missing.logicalrelid);
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', missing.logicalrelid);
    RAISE NOTICE 'replicating reference table ''%'' to %:% ...', missing.logicalrelid, node.nodename, node.nodeport;
    PERFORM citus_stand_in.add_reference_copy(missing.logicalrelid, missing.shardid, node);
    added := true;
  END LOOP;
  IF added THEN
    PERFORM citus_stand_in.sync_metadata();
  END IF;
END $$;

-- A node that leaves keeps its tables; nobody writes to them any more.
CREATE FUNCTION citus_stand_in.forget_reference_copies(leaving_group int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  copy name;
BEGIN
  FOR copy IN DELETE FROM citus_stand_in.reference_copy r WHERE r.groupid = leaving_group RETURNING r.foreign_table LOOP
    EXECUTE format('DROP FOREIGN TABLE citus_stand_in.%I', copy);
  END LOOP;
  DELETE FROM pg_dist_placement p USING pg_dist_shard s, pg_dist_partition t
    WHERE p.groupid = leaving_group AND s.shardid = p.shardid AND t.logicalrelid = s.logicalrelid AND t.partmethod = 'n';
END $$;

CREATE FUNCTION citus_stand_in.drop_copies_of(gone oid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  copy name;
BEGIN
  FOR copy IN DELETE FROM citus_stand_in.reference_copy r WHERE r.relation = gone RETURNING r.foreign_table LOOP
    EXECUTE format('DROP FOREIGN TABLE citus_stand_in.%I', copy);
  END LOOP;
END $$;
