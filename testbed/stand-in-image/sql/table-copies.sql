-- The definition of a table as a script, and the copying of its rows to another node.

-- `suffix` goes to the names of indexes and constraints too. Not carried over: triggers, policies, foreign keys,
-- defaults (the row arrives complete) and privileges.
CREATE FUNCTION citus_stand_in.table_script(relation regclass, target_name text, suffix text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  target text;
  script text;
  part text;
BEGIN
  SELECT format('%I.%I', s.nspname, target_name) INTO target
    FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = relation;
  SELECT format('CREATE SCHEMA IF NOT EXISTS %s; CREATE TABLE %s (%s)', split_part(target, '.', 1), target,
    string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attcollation <> t.typcollation
           THEN (SELECT format('COLLATE %I.%I', cs.nspname, co.collname)
                 FROM pg_collation co JOIN pg_namespace cs ON cs.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
      CASE WHEN a.attgenerated = 's' THEN format('GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid)) END,
      CASE WHEN a.attnotnull THEN 'NOT NULL' END), ', ' ORDER BY a.attnum))
    INTO script
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped;

  FOR part IN
    SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', target, k.conname || suffix, pg_get_constraintdef(k.oid))
    FROM pg_constraint k WHERE k.conrelid = relation AND k.contype IN ('p', 'u', 'x', 'c') ORDER BY k.contype, k.oid
  LOOP
    script := script || '; ' || part;
  END LOOP;
  FOR part IN
    SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .+? ON .+? USING ',
                          format('CREATE \1INDEX %I ON %s USING ', c.relname || suffix, target))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = relation AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY i.indexrelid
  LOOP
    script := script || '; ' || part;
  END LOOP;
  SELECT CASE c.relreplident
           WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
           WHEN 'i' THEN (SELECT format('USING INDEX %I', x.relname || suffix)
                          FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = relation AND i.indisreplident) END
    INTO part FROM pg_class c WHERE c.oid = relation;
  RETURN script || CASE WHEN part IS NULL THEN '' ELSE format('; ALTER TABLE %s REPLICA IDENTITY %s', target, part) END;
END $$;

-- Columns that a copy writes; generated ones come by themselves.
CREATE FUNCTION citus_stand_in.column_list(relation regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
$$;

-- A foreign table for one placement. It stands in our own schema, out of the user's sight.
CREATE FUNCTION citus_stand_in.create_foreign_copy(relation regclass, foreign_name text, server text, remote_name text)
RETURNS regclass LANGUAGE plpgsql AS $$
DECLARE
  schema_name name := (SELECT s.nspname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = relation);
  columns text := (
    SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
             CASE WHEN a.attgenerated = 's' THEN format('GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid)) END),
             ', ' ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
  EXECUTE format('CREATE FOREIGN TABLE citus_stand_in.%I (%s) SERVER %I OPTIONS (schema_name %L, table_name %L)',
                 foreign_name, columns, server, schema_name, remote_name);
  RETURN format('citus_stand_in.%I', foreign_name)::regclass;
END $$;

-- Runs on the node that has the rows and sends them to another one, with this node's own credentials for it. The
-- connection of the server is made for this transaction; the target commits when it does.
CREATE FUNCTION citus_stand_in.push_rows(schema_name text, table_name text, target_host text, target_port int)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  relation regclass := format('%I.%I', schema_name, table_name);
  columns text := citus_stand_in.column_list(relation);
  pushed bigint;
BEGIN
  PERFORM citus_stand_in.refresh_server('citus_push', target_host, target_port,
    (SELECT n.nodeid FROM pg_dist_node n WHERE n.nodename = target_host AND n.nodeport = target_port));
  PERFORM citus_stand_in.create_foreign_copy(relation, 'push_' || pg_backend_pid(), 'citus_push', table_name);
  EXECUTE format('INSERT INTO citus_stand_in.push_%s (%s) SELECT %s FROM %s', pg_backend_pid(), columns, columns, relation);
  GET DIAGNOSTICS pushed = ROW_COUNT;
  EXECUTE format('DROP FOREIGN TABLE citus_stand_in.push_%s', pg_backend_pid());
  DROP USER MAPPING FOR PUBLIC SERVER citus_push;
  DROP SERVER citus_push;
  RETURN pushed;
END $$;

CREATE FUNCTION citus_stand_in.qualified_shard_name(shard bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('%I.%I', n.nspname, c.relname || '_' || shard)
  FROM pg_dist_shard s JOIN pg_class c ON c.oid = s.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE s.shardid = shard
$$;

-- The coordinator's copy of a reference table is the table itself.
CREATE FUNCTION citus_stand_in.placement_name(shard bigint, group_id int) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN group_id = 0 AND t.partmethod = 'n' THEN format('%I.%I', n.nspname, c.relname)
              ELSE citus_stand_in.qualified_shard_name(shard) END
  FROM pg_dist_shard s JOIN pg_dist_partition t USING (logicalrelid) JOIN pg_class c ON c.oid = s.logicalrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE s.shardid = shard
$$;

CREATE FUNCTION pg_catalog.shard_name(object_name regclass, shard_id bigint) RETURNS text LANGUAGE sql STABLE STRICT AS
  $$ SELECT quote_ident(relname || '_' || shard_id) FROM pg_class WHERE oid = object_name $$;

CREATE FUNCTION pg_catalog.run_command_on_placements(table_name regclass, command text, parallel bool DEFAULT true,
  OUT nodename text, OUT nodeport int, OUT shardid bigint, OUT success bool, OUT result text)
RETURNS SETOF record LANGUAGE sql AS $$
  WITH placements AS (
    SELECT array_agg(n.nodename ORDER BY s.shardid, n.nodeid) AS names, array_agg(n.nodeport ORDER BY s.shardid, n.nodeid) AS ports,
           array_agg(s.shardid ORDER BY s.shardid, n.nodeid) AS shards,
           array_agg(replace(command, '%s', citus_stand_in.placement_name(s.shardid, n.groupid)) ORDER BY s.shardid, n.nodeid) AS commands
    FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid) JOIN pg_dist_node n USING (groupid)
    WHERE s.logicalrelid = table_name AND n.isactive)
  SELECT names[r.item], ports[r.item], shards[r.item], r.success, r.result
  FROM placements, citus_stand_in.run_on(names, ports, commands, parallel) r
$$;

CREATE FUNCTION pg_catalog.run_command_on_shards(table_name regclass, command text, parallel bool DEFAULT true,
  OUT shardid bigint, OUT success bool, OUT result text)
RETURNS SETOF record LANGUAGE sql AS $$
  SELECT DISTINCT ON (r.shardid) r.shardid, r.success, r.result FROM run_command_on_placements($1, $2, $3) r
$$;
