-- Sizes, asked from the nodes that hold the shards: one question per node, all at once.

CREATE FUNCTION citus_stand_in.sizes_of(names jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_object_agg(key, (SELECT jsonb_build_object('total', pg_total_relation_size(c.oid), 'table', pg_table_size(c.oid),
                                                          'main', pg_relation_size(c.oid)) FROM pg_class c WHERE c.oid = to_regclass(value)))::text
  FROM jsonb_each_text(names)
$$;

-- A shard that is missing, or whose node is down, has no size.
CREATE FUNCTION citus_stand_in.placement_sizes(warn bool DEFAULT true)
RETURNS TABLE (shardid bigint, groupid int, size bigint, table_size bigint, main_size bigint) LANGUAGE plpgsql AS $$
DECLARE
  groups int[];
  names text[];
  ports int[];
  questions text[];
  answer record;
BEGIN
  SELECT array_agg(q.groupid), array_agg(q.nodename), array_agg(q.nodeport),
         array_agg(format('SELECT citus_stand_in.sizes_of(%L)', q.question))
    INTO groups, names, ports, questions
  FROM (SELECT n.groupid, n.nodename, n.nodeport, 
               jsonb_object_agg(p.shardid, citus_stand_in.placement_name(p.shardid, n.groupid)) AS question
        FROM citus_stand_in.active_primaries() n JOIN pg_dist_placement p USING (groupid)
        GROUP BY n.groupid, n.nodename, n.nodeport) q;
  FOR answer IN SELECT * FROM citus_stand_in.run_on(names, ports, questions, true) LOOP
    IF answer.success THEN
      RETURN QUERY SELECT e.key::bigint, groups[answer.item], (e.value ->> 'total')::bigint, (e.value ->> 'table')::bigint, (e.value ->> 'main')::bigint
        FROM jsonb_each(answer.result::jsonb) e;
    ELSIF warn THEN
      RAISE WARNING USING ERRCODE = 'connection_failure', MESSAGE = coalesce(answer.reason, answer.result);
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION pg_catalog.citus_shard_sizes(OUT shard_id int, OUT size bigint) RETURNS SETOF record LANGUAGE sql STRICT AS
  $$ SELECT z.shardid::int, z.size FROM citus_stand_in.placement_sizes() z $$;

CREATE FUNCTION citus_stand_in.require_citus_table(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = relation) THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_table_definition', MESSAGE = format('cannot calculate the size because relation ''%s'' is not distributed', relation);
  END IF;
END $$;

CREATE FUNCTION pg_catalog.citus_total_relation_size(logicalrelid regclass, fail_on_error bool DEFAULT true)
RETURNS bigint LANGUAGE plpgsql STRICT AS $$
BEGIN
  PERFORM citus_stand_in.require_citus_table(logicalrelid);
  RETURN (SELECT coalesce(sum(z.size), 0) FROM citus_stand_in.placement_sizes(fail_on_error) z JOIN pg_dist_shard s USING (shardid) WHERE s.logicalrelid = $1);
END $$;
CREATE FUNCTION pg_catalog.citus_table_size(logicalrelid regclass) RETURNS bigint LANGUAGE plpgsql STRICT AS $$
BEGIN
  PERFORM citus_stand_in.require_citus_table(logicalrelid);
  RETURN (SELECT coalesce(sum(z.table_size), 0) FROM citus_stand_in.placement_sizes() z JOIN pg_dist_shard s USING (shardid) WHERE s.logicalrelid = $1);
END $$;
CREATE FUNCTION pg_catalog.citus_relation_size(logicalrelid regclass) RETURNS bigint LANGUAGE plpgsql STRICT AS $$
BEGIN
  PERFORM citus_stand_in.require_citus_table(logicalrelid);
  RETURN (SELECT coalesce(sum(z.main_size), 0) FROM citus_stand_in.placement_sizes() z JOIN pg_dist_shard s USING (shardid) WHERE s.logicalrelid = $1);
END $$;

CREATE VIEW citus.citus_shards AS
  SELECT s.logicalrelid AS table_name, s.shardid, c.relname || '_' || s.shardid AS shard_name,
         CASE t.partmethod WHEN 'n' THEN 'reference' ELSE 'distributed' END AS citus_table_type,
         t.colocationid AS colocation_id, n.nodename, n.nodeport, z.size AS shard_size
  FROM pg_dist_shard s JOIN pg_dist_partition t USING (logicalrelid) JOIN pg_class c ON c.oid = s.logicalrelid
  JOIN pg_dist_placement p USING (shardid) JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary'
  LEFT JOIN citus_stand_in.placement_sizes() z ON z.shardid = p.shardid AND z.groupid = p.groupid
  ORDER BY s.logicalrelid::text, s.shardid;
ALTER VIEW citus.citus_shards SET SCHEMA pg_catalog;

CREATE VIEW citus.pg_dist_shard_placement AS
  SELECT p.shardid, p.shardstate, p.shardlength, n.nodename, n.nodeport, p.placementid
  FROM pg_dist_placement p JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary';
ALTER VIEW citus.pg_dist_shard_placement SET SCHEMA pg_catalog;

-- In schema public, as in Citus.
CREATE VIEW citus.citus_tables AS
  WITH sizes AS MATERIALIZED (
    SELECT s.logicalrelid, sum(z.size) AS size FROM citus_stand_in.placement_sizes() z JOIN pg_dist_shard s USING (shardid) GROUP BY 1)
  SELECT t.logicalrelid AS table_name, CASE t.partmethod WHEN 'n' THEN 'reference' ELSE 'distributed' END AS citus_table_type,
         coalesce(column_to_column_name(t.logicalrelid, t.partkey), '<none>') AS distribution_column, t.colocationid AS colocation_id,
         pg_size_pretty(coalesce(z.size, 0)) AS table_size,
         (SELECT count(*) FROM pg_dist_shard s WHERE s.logicalrelid = t.logicalrelid) AS shard_count,
         pg_get_userbyid(c.relowner) AS table_owner, 'heap'::name AS access_method
  FROM pg_dist_partition t JOIN pg_class c ON c.oid = t.logicalrelid LEFT JOIN sizes z USING (logicalrelid)
  ORDER BY t.logicalrelid::text;
DO $$
BEGIN
  IF to_regnamespace('public') IS NOT NULL THEN
    ALTER VIEW citus.citus_tables SET SCHEMA public;
  END IF;
END $$;

-- PostgreSQL has no function for it; df does what Citus' statvfs does.
CREATE FUNCTION pg_catalog.citus_local_disk_space_stats(OUT available_disk_size bigint, OUT total_disk_size bigint)
LANGUAGE plpgsql STRICT SET client_min_messages = warning AS $$
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS citus_stand_in_df (line text);
  TRUNCATE citus_stand_in_df;
  EXECUTE format('COPY citus_stand_in_df FROM PROGRAM %L',
                 format('df --block-size=1 --output=avail,size %s | tail -n 1', quote_literal(current_setting('data_directory'))));
  SELECT (regexp_split_to_array(btrim(line), '\s+'))[1]::bigint, (regexp_split_to_array(btrim(line), '\s+'))[2]::bigint
    INTO available_disk_size, total_disk_size FROM citus_stand_in_df;
END $$;

-- By its name alone: whoever names a table of his own like a shard finds it hidden.
CREATE FUNCTION pg_catalog.relation_is_a_known_shard(relation_id regclass) RETURNS bool LANGUAGE sql STABLE STRICT AS $$
  SELECT EXISTS (SELECT FROM pg_class c JOIN pg_dist_shard s ON c.relname LIKE '%\_' || s.shardid WHERE c.oid = relation_id)
$$;
