-- A distributed table is a table partitioned by hash whose partitions are foreign tables, one per shard. A row's shard
-- is PostgreSQL's choice, not Citus'; the hash ranges in pg_dist_shard are there for the look of it.

-- The user's table makes way for a partitioned one of the same name, owner, privileges, sequences and keys.
CREATE FUNCTION citus_stand_in.replace_by_partitioned(relation regclass, column_name text, shards bigint[], groups int[])
RETURNS regclass LANGUAGE plpgsql SET client_min_messages = warning AS $$
DECLARE
  schema_name name;
  relation_name name;
  owner regrole;
  old_name text;
  new_table regclass;
  item record;
BEGIN
  SELECT s.nspname, c.relname, c.relowner INTO schema_name, relation_name, owner
    FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = relation;
  old_name := 'original_' || relation::oid;
  EXECUTE format('ALTER TABLE %I.%I SET SCHEMA citus_stand_in', schema_name, relation_name);
  EXECUTE format('ALTER TABLE citus_stand_in.%I RENAME TO %I', relation_name, old_name);
  EXECUTE format('CREATE TABLE %I.%I (LIKE citus_stand_in.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED '
                 'INCLUDING IDENTITY INCLUDING COMMENTS INCLUDING STORAGE) PARTITION BY HASH (%I)',
                 schema_name, relation_name, old_name, column_name);
  new_table := format('%I.%I', schema_name, relation_name)::regclass;
  EXECUTE format('ALTER TABLE %s OWNER TO %s', new_table, owner);
  FOR i IN 1 .. cardinality(shards) LOOP
    EXECUTE format('CREATE FOREIGN TABLE citus_stand_in.%I PARTITION OF %s FOR VALUES WITH (MODULUS %s, REMAINDER %s) '
                   'SERVER %I OPTIONS (schema_name %L, table_name %L)',
                   relation_name || '_' || shards[i], new_table, cardinality(shards), i - 1, 'citus_group_' || groups[i],
                   schema_name, relation_name || '_' || shards[i]);
  END LOOP;
  -- Keys hold in every shard. PostgreSQL keeps them invalid on a parent of foreign tables; marked valid, they tell
  -- whoever reads the catalog (and the check before a move) what Citus' catalog would.
  FOR item IN SELECT k.conname, pg_get_constraintdef(k.oid) AS definition FROM pg_constraint k
              WHERE k.conrelid = relation AND k.contype IN ('p', 'u') LOOP
    EXECUTE format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', new_table, item.conname, item.definition);
  END LOOP;
  UPDATE pg_index SET indisvalid = true WHERE indrelid = new_table;
  UPDATE pg_class SET relreplident = CASE WHEN old.relreplident = 'i' THEN 'd' ELSE old.relreplident END
    FROM (SELECT c.relreplident FROM pg_class c WHERE c.oid = relation) old WHERE pg_class.oid = new_table;
  FOR item IN -- sequences of serial columns follow; those of identity columns were made anew and go on where the old ones were
    SELECT d.objid::regclass AS sequence, a.attname, a.attidentity FROM pg_depend d
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
    WHERE d.classid = 'pg_class'::regclass AND d.refobjid = relation AND d.deptype IN ('a', 'i')
  LOOP
    IF item.attidentity = '' THEN
      EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', item.sequence);
      EXECUTE format('ALTER SEQUENCE %s SET SCHEMA %I', item.sequence, schema_name);
      EXECUTE format('ALTER SEQUENCE %s OWNED BY %s.%I', item.sequence, new_table, item.attname);
    ELSE
      EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), last_value, is_called) FROM %s', new_table, item.attname, item.sequence);
    END IF;
  END LOOP;
  FOR item IN SELECT a.grantee, a.privilege_type, a.is_grantable FROM pg_class c, aclexplode(c.relacl) a
              WHERE c.oid = relation AND a.grantee <> c.relowner LOOP
    EXECUTE format('GRANT %s ON %s TO %s %s', item.privilege_type, new_table,
                   CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
                   CASE WHEN item.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END);
  END LOOP;
  RETURN new_table;
END $$;

CREATE FUNCTION citus_stand_in.move_local_rows(original regclass, new_table regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  columns text := citus_stand_in.column_list(original);
  filled bool;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %s)', original) INTO filled;
  IF filled THEN
    RAISE NOTICE 'Copying data from local table...';
    EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s', new_table, columns, columns, original);
    RAISE NOTICE 'copying the data has completed';
  END IF;
END $$;

CREATE FUNCTION pg_catalog.create_distributed_table(table_name regclass, distribution_column text,
  distribution_type citus.distribution_type DEFAULT 'hash', colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  attribute pg_attribute;
  relation_name name;
  colocation int;
  shards bigint[];
  groups int[];
  starts bigint[];
  ends bigint[];
  new_table regclass;
BEGIN
  IF table_name IS NULL OR distribution_column IS NULL THEN
    RETURN;
  END IF;
  PERFORM citus_stand_in.require_coordinator();
  IF distribution_type <> 'hash' THEN
    PERFORM citus_stand_in.refuse('distribution by ' || distribution_type);
  END IF;
  PERFORM citus_stand_in.require_plain_table(table_name);
  SELECT * INTO attribute FROM pg_attribute a
    WHERE a.attrelid = table_name AND a.attname = distribution_column AND a.attnum > 0 AND NOT a.attisdropped;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_column',
      MESSAGE = format('column "%s" of relation "%s" does not exist', distribution_column, table_name);
  END IF;
  PERFORM citus_stand_in.require_keys_with_column(table_name, attribute.attnum);
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', table_name);
  PERFORM pg_advisory_xact_lock(hashtext('citus_stand_in.metadata'));
  PERFORM citus_stand_in.add_coordinator_to_empty_cluster();
  PERFORM citus_stand_in.require_metadata_in_sync();
  PERFORM citus_stand_in.share_role((SELECT c.relowner FROM pg_class c WHERE c.oid = table_name));
  PERFORM citus_stand_in.refresh_servers();

  relation_name := (SELECT c.relname FROM pg_class c WHERE c.oid = table_name);
  colocation := citus_stand_in.choose_colocation(colocate_with, attribute.atttypid, attribute.attcollation,
                                                 coalesce(shard_count, citus_stand_in.setting('shard_count', '32')::int));
  SELECT array_agg(s.shard ORDER BY s.remainder), array_agg(s.group_id ORDER BY s.remainder),
         array_agg(s.range_start ORDER BY s.remainder), array_agg(s.range_end ORDER BY s.remainder)
    INTO shards, groups, starts, ends
    FROM citus_stand_in.plan_shards(colocation, (SELECT c.shardcount FROM pg_dist_colocation c WHERE c.colocationid = colocation)) s;
  PERFORM citus_stand_in.create_remote_tables(table_name, relation_name, shards, groups);
  BEGIN
    new_table := citus_stand_in.replace_by_partitioned(table_name, distribution_column, shards, groups);
    PERFORM citus_stand_in.move_local_rows(table_name, new_table);
    EXECUTE format('DROP TABLE %s CASCADE', table_name);
    INSERT INTO pg_dist_partition (logicalrelid, partmethod, partkey, colocationid, repmodel)
      VALUES (new_table, 'h', citus_stand_in.partkey(attribute.attnum, attribute.atttypid, attribute.atttypmod, attribute.attcollation),
              colocation, 's');
    INSERT INTO pg_dist_shard SELECT new_table, s.shard, 't', s.range_start::text, s.range_end::text
      FROM unnest(shards, starts, ends) AS s(shard, range_start, range_end);
    INSERT INTO pg_dist_placement (shardid, shardstate, shardlength, groupid)
      SELECT p.shard, 1, 0, p.groupid FROM unnest(shards, groups) AS p(shard, groupid);
    INSERT INTO pg_dist_object (classid, objid, objsubid) VALUES ('pg_class'::regclass, new_table, 0) ON CONFLICT DO NOTHING;
    PERFORM citus_stand_in.sync_metadata();
  EXCEPTION WHEN query_canceled OR OTHERS THEN
    PERFORM citus_stand_in.drop_remote_tables(
      ARRAY(SELECT format('%I.%I', s.nspname, relation_name || '_' || p.shard)
            FROM unnest(shards) AS p(shard), pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = table_name), groups);
    RAISE;
  END;
END $$;

-- A role that owns a distributed table exists on every node; a node that joins later gets it with its password.
CREATE FUNCTION citus_stand_in.share_role(owner oid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  node pg_dist_node;
BEGIN
  INSERT INTO pg_dist_object (classid, objid, objsubid)
    SELECT 'pg_authid'::regclass, r, 0 FROM unnest(ARRAY[10, owner]) r ON CONFLICT DO NOTHING;
  IF owner <> 10 THEN
    FOR node IN SELECT * FROM citus_stand_in.active_primaries() n WHERE n.groupid <> 0 LOOP
      PERFORM citus_stand_in.query_node(node.nodename, node.nodeport,
        format('SELECT citus_stand_in.receive_roles(%L)::text', citus_stand_in.shared_roles()));
    END LOOP;
  END IF;
END $$;
