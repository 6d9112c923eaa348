-- The tables behind the shards, made and dropped on their nodes.

-- Creates one table per shard, in one script per node. Committed at once: the copy that follows must see them.
CREATE FUNCTION citus_stand_in.create_remote_tables(relation regclass, relation_name text, shards bigint[], groups int[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  node pg_dist_node;
  script text;
BEGIN
  FOR node IN SELECT * FROM pg_dist_node n WHERE n.groupid = ANY (groups) AND n.noderole = 'primary' LOOP
    SELECT string_agg(citus_stand_in.table_script(relation, relation_name || '_' || p.shard, '_' || p.shard), '; ')
      INTO script FROM unnest(shards, groups) AS p(shard, groupid) WHERE p.groupid = node.groupid;
    PERFORM citus_stand_in.query_node(node.nodename, node.nodeport, script);
  END LOOP;
END $$;

CREATE FUNCTION citus_stand_in.drop_remote_tables(names text[], groups int[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  node pg_dist_node;
  list text;
BEGIN
  FOR node IN SELECT * FROM pg_dist_node n WHERE n.groupid = ANY (groups) AND n.noderole = 'primary' AND n.isactive LOOP
    SELECT string_agg(p.name, ', ') INTO list FROM unnest(names, groups) AS p(name, groupid) WHERE p.groupid = node.groupid;
    PERFORM citus_stand_in.query_node(node.nodename, node.nodeport,
                                      format('SET client_min_messages = error; DROP TABLE IF EXISTS %s CASCADE', list));
  END LOOP;
END $$;

-- Takes the value as text; Citus takes any type.
CREATE FUNCTION pg_catalog.get_shard_id_for_distribution_column(table_name regclass, distribution_value text)
RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  shard bigint;
BEGIN
  EXECUTE format(
    'SELECT shardid FROM (SELECT shardid, row_number() OVER (ORDER BY shardminvalue::bigint) - 1 AS remainder, count(*) OVER () AS modulus '
    'FROM pg_dist_shard WHERE logicalrelid = %s) s WHERE satisfies_hash_partition(%s, modulus::int, remainder::int, %L::%s)',
    table_name::oid, table_name::oid, distribution_value,
    (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_dist_partition p ON p.logicalrelid = a.attrelid
     WHERE a.attrelid = table_name AND a.attname = column_to_column_name(table_name, p.partkey))) INTO shard;
  RETURN shard;
END $$;

-- Dropping a table drops its shards. That is committed at once, unlike in Citus: a rolled back DROP leaves no shards.
CREATE FUNCTION citus_stand_in.drop_shards() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  gone record;
  names text[];
  groups int[];
BEGIN
  IF citus_stand_in.local_group() <> 0 THEN
    RETURN;
  END IF;
  FOR gone IN
    SELECT d.objid, d.schema_name, d.object_name, p.colocationid FROM pg_event_trigger_dropped_objects() d
    JOIN pg_dist_partition p ON p.logicalrelid = d.objid WHERE d.object_type = 'table' AND d.objsubid = 0
  LOOP
    SELECT array_agg(format('%I.%I', gone.schema_name, gone.object_name || '_' || s.shardid)), array_agg(p.groupid)
      INTO names, groups FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid) WHERE s.logicalrelid = gone.objid;
    DELETE FROM pg_dist_placement p USING pg_dist_shard s WHERE s.shardid = p.shardid AND s.logicalrelid = gone.objid;
    DELETE FROM pg_dist_shard WHERE logicalrelid = gone.objid;
    DELETE FROM pg_dist_partition WHERE logicalrelid = gone.objid;
    DELETE FROM pg_dist_object WHERE objid = gone.objid;
    DELETE FROM pg_dist_colocation c WHERE c.colocationid = gone.colocationid
      AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.colocationid = c.colocationid);
    PERFORM citus_stand_in.drop_copies_of(gone.objid);
    PERFORM citus_stand_in.drop_remote_tables(names, groups);
    PERFORM citus_stand_in.sync_metadata();
  END LOOP;
END $$;
CREATE EVENT TRIGGER citus_stand_in_drop_shards ON sql_drop WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED')
  EXECUTE FUNCTION citus_stand_in.drop_shards();
