-- A few changes of a table follow to its shards: columns that come and go, the replica identity, plain indexes, and on a
-- reference table a key. Any other is refused, because a shard that differs would only show up later. What follows is committed at once, unlike in Citus.

CREATE FUNCTION citus_stand_in.columns_with_defaults(relation regclass) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_object_agg(a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
           CASE WHEN d.oid IS NOT NULL AND a.attgenerated = '' THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END,
           CASE WHEN a.attnotnull THEN 'NOT NULL' END))
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
$$;

-- Runs where the shards are. Defaults fill the rows that are there; new rows arrive complete.
CREATE FUNCTION citus_stand_in.follow_table(shards text[], columns jsonb, identity text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  shard regclass;
  item record;
BEGIN
  FOREACH shard IN ARRAY shards LOOP
    FOR item IN SELECT key, value FROM jsonb_each_text(columns)
                WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = shard AND a.attname = key AND NOT a.attisdropped) LOOP
      EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', shard, item.key, item.value);
    END LOOP;
    FOR item IN SELECT a.attname FROM pg_attribute a
                WHERE a.attrelid = shard AND a.attnum > 0 AND NOT a.attisdropped AND NOT columns ? a.attname LOOP
      EXECUTE format('ALTER TABLE %s DROP COLUMN %I', shard, item.attname);
    END LOOP;
    IF identity IS NOT NULL THEN
      EXECUTE format('ALTER TABLE %s REPLICA IDENTITY %s', shard, identity);
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION citus_stand_in.repeat_change(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  columns jsonb := citus_stand_in.columns_with_defaults(relation);
  identity text := (SELECT CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' WHEN 'd' THEN 'DEFAULT' END
                    FROM pg_class c WHERE c.oid = relation);
BEGIN
  PERFORM citus_stand_in.query_node(n.nodename, n.nodeport,
            format('SELECT citus_stand_in.follow_table(%L, %L, %L)::text', shards.names, columns, identity))
    FROM (SELECT p.groupid, array_agg(citus_stand_in.qualified_shard_name(p.shardid)) AS names
          FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid) JOIN pg_dist_partition t USING (logicalrelid)
          WHERE s.logicalrelid = relation AND NOT (p.groupid = 0 AND t.partmethod = 'n') GROUP BY p.groupid) shards
    JOIN pg_dist_node n ON n.groupid = shards.groupid AND n.noderole = 'primary';
  PERFORM citus_stand_in.follow_table(array_agg(format('citus_stand_in.%I', r.foreign_table)), columns, NULL)
    FROM citus_stand_in.reference_copy r WHERE r.relation = repeat_change.relation HAVING count(*) > 0;
  PERFORM citus_stand_in.sync_metadata();
END $$;

-- PostgreSQL itself refuses a key on a parent of foreign tables, so only a reference table gets here with a new one.
CREATE FUNCTION citus_stand_in.repeat_keys(relation regclass) RETURNS void LANGUAGE sql AS $$
  SELECT citus_stand_in.query_node(n.nodename, n.nodeport, format(
           'DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = %L::regclass AND conname = %L) THEN '
           'ALTER TABLE %s ADD CONSTRAINT %I %s; END IF; END $do$',
           citus_stand_in.qualified_shard_name(s.shardid), k.conname || '_' || s.shardid,
           citus_stand_in.qualified_shard_name(s.shardid), k.conname || '_' || s.shardid, pg_get_constraintdef(k.oid)))
  FROM pg_constraint k JOIN pg_dist_partition t ON t.logicalrelid = k.conrelid AND t.partmethod = 'n'
  JOIN pg_dist_shard s USING (logicalrelid) JOIN pg_dist_placement p USING (shardid)
  JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary'
  WHERE k.conrelid = relation AND k.contype IN ('p', 'u') AND p.groupid <> 0
$$;

CREATE FUNCTION citus_stand_in.repeat_index(index regclass) RETURNS void LANGUAGE sql AS $$
  SELECT citus_stand_in.query_node(n.nodename, n.nodeport, regexp_replace(
           pg_get_indexdef(index), '^CREATE (UNIQUE )?INDEX .+? ON .+? USING ',
           format('CREATE \1INDEX %I ON %s USING ', c.relname || '_' || s.shardid, citus_stand_in.qualified_shard_name(s.shardid))))
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_dist_partition t ON t.logicalrelid = i.indrelid
  JOIN pg_dist_shard s USING (logicalrelid) JOIN pg_dist_placement p USING (shardid)
  JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary'
  WHERE i.indexrelid = index AND NOT (p.groupid = 0 AND t.partmethod = 'n')
$$;

CREATE FUNCTION citus_stand_in.table_changed() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  changed oid;
BEGIN
  IF citus_stand_in.local_group() <> 0 THEN
    RETURN;
  END IF;
  FOR changed IN SELECT DISTINCT d.objid FROM pg_event_trigger_ddl_commands() d JOIN pg_dist_partition t ON t.logicalrelid = d.objid
                 WHERE d.command_tag = 'ALTER TABLE' LOOP
    IF current_query() !~* '\m(REPLICA\s+IDENTITY\s+(FULL|DEFAULT|NOTHING)|ADD\s+COLUMN|DROP\s+COLUMN|OWNER\s+TO|PRIMARY\s+KEY|UNIQUE)\M' THEN
      PERFORM citus_stand_in.refuse('this change of a table after it was distributed');
    END IF;
    PERFORM citus_stand_in.repeat_change(changed);
    PERFORM citus_stand_in.repeat_keys(changed);
  END LOOP;
  FOR changed IN SELECT d.objid FROM pg_event_trigger_ddl_commands() d JOIN pg_index i ON i.indexrelid = d.objid
                 JOIN pg_dist_partition t ON t.logicalrelid = i.indrelid WHERE d.command_tag = 'CREATE INDEX' LOOP
    PERFORM citus_stand_in.repeat_index(changed);
  END LOOP;
END $$;
CREATE EVENT TRIGGER citus_stand_in_table_changed ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE INDEX')
  EXECUTE FUNCTION citus_stand_in.table_changed();
