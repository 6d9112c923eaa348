-- Where a new distributed table's shards go: its colocation group, and a node for each shard.

CREATE TABLE citus_stand_in.private_colocation (colocationid int PRIMARY KEY); -- made with colocate_with => 'none'

CREATE FUNCTION citus_stand_in.partkey(attnum smallint, type_oid oid, typmod int, collation_oid oid) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format('{VAR :varno 1 :varattno %s :vartype %s :vartypmod %s :varcollid %s :varnullingrels (b) :varlevelsup 0 '
                ':varnosyn 1 :varattnosyn %s :location -1}', attnum, type_oid, typmod, collation_oid, attnum)
$$;
CREATE FUNCTION pg_catalog.column_to_column_name(table_name regclass, column_var_text text) RETURNS text LANGUAGE sql STABLE STRICT AS $$
  SELECT attname FROM pg_attribute
  WHERE attrelid = table_name AND attnum = substring(column_var_text FROM ':varattno (\d+)')::int
$$;

-- The nodes that may hold shards, in the order in which new shards are dealt out.
CREATE FUNCTION citus_stand_in.shard_groups() RETURNS int[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  groups int[] := ARRAY(SELECT n.groupid FROM citus_stand_in.active_primaries() n WHERE n.shouldhaveshards ORDER BY n.nodename, n.nodeport);
BEGIN
  IF cardinality(groups) = 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'replication_factor (1) exceeds number of worker nodes (0)',
      HINT = 'Add more worker nodes or try again with a lower replication factor.';
  END IF;
  RETURN groups;
END $$;

CREATE FUNCTION citus_stand_in.choose_colocation(colocate_with text, type_oid oid, collation_oid oid, shards int)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  chosen int;
BEGIN
  IF colocate_with NOT IN ('default', 'none') THEN
    SELECT p.colocationid INTO chosen FROM pg_dist_partition p JOIN pg_dist_colocation c USING (colocationid)
      WHERE p.logicalrelid = colocate_with::regclass AND p.partmethod = 'h' AND c.distributioncolumntype = type_oid;
    IF chosen IS NULL THEN
      RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
        MESSAGE = format('cannot colocate with %s: it is not distributed by a column of the same type', colocate_with);
    END IF;
    RETURN chosen;
  END IF;
  IF colocate_with = 'default' THEN
    SELECT c.colocationid INTO chosen FROM pg_dist_colocation c
      WHERE c.shardcount = shards AND c.replicationfactor = 1 AND c.distributioncolumntype = type_oid
        AND c.distributioncolumncollation = collation_oid
        AND c.colocationid NOT IN (SELECT colocationid FROM citus_stand_in.private_colocation)
        AND EXISTS (SELECT FROM pg_dist_partition p WHERE p.colocationid = c.colocationid)
      ORDER BY c.colocationid LIMIT 1;
  END IF;
  IF chosen IS NULL THEN
    INSERT INTO pg_dist_colocation VALUES (nextval('pg_dist_colocationid_seq'), shards, 1, type_oid, collation_oid)
      RETURNING colocationid INTO chosen;
    IF colocate_with = 'none' THEN
      INSERT INTO citus_stand_in.private_colocation VALUES (chosen);
    END IF;
  END IF;
  RETURN chosen;
END $$;

-- New shards with their nodes: where the group's other tables have theirs, or dealt out in turn.
CREATE FUNCTION citus_stand_in.plan_shards(colocation int, shards int)
RETURNS TABLE (remainder int, shard bigint, group_id int, range_start bigint, range_end bigint) LANGUAGE plpgsql AS $$
DECLARE
  groups int[];
  pattern int[] := ARRAY(
    SELECT p.groupid FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid)
    WHERE s.logicalrelid = (SELECT logicalrelid FROM pg_dist_partition WHERE colocationid = colocation LIMIT 1)
    ORDER BY s.shardminvalue::bigint);
  width bigint := 4294967296 / shards;
BEGIN
  IF cardinality(pattern) = 0 THEN
    groups := citus_stand_in.shard_groups();
    pattern := ARRAY(SELECT groups[1 + i % cardinality(groups)] FROM generate_series(0, shards - 1) i);
  END IF;
  FOR i IN 0 .. shards - 1 LOOP
    remainder := i;
    shard := nextval('pg_dist_shardid_seq');
    group_id := pattern[i + 1];
    range_start := -2147483648 + i * width;
    range_end := CASE i WHEN shards - 1 THEN 2147483647 ELSE range_start + width - 1 END;
    RETURN NEXT;
  END LOOP;
END $$;
