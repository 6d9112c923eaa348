-- Which shards should move: shard counts are evened out per colocation group, and nodes that shouldn't have shards are
-- emptied. Strategies, thresholds, sizes and capacities are taken and not looked at.

CREATE TABLE citus.pg_dist_rebalance_strategy (
  name name NOT NULL UNIQUE,
  default_strategy bool NOT NULL DEFAULT false,
  shard_cost_function text NOT NULL,
  node_capacity_function text NOT NULL,
  shard_allowed_on_node_function text NOT NULL,
  default_threshold real NOT NULL,
  minimum_threshold real NOT NULL DEFAULT 0,
  improvement_threshold real NOT NULL DEFAULT 0
);
ALTER TABLE citus.pg_dist_rebalance_strategy SET SCHEMA pg_catalog;
INSERT INTO pg_dist_rebalance_strategy VALUES
  ('by_shard_count', false, 'citus_shard_cost_1', 'citus_node_capacity_1', 'citus_shard_allowed_on_node_true', 0, 0, 0),
  ('by_disk_size', true, 'citus_shard_cost_by_disk_size', 'citus_node_capacity_1', 'citus_shard_allowed_on_node_true', 0.1, 0.01, 0.5);

-- One row per colocated set of shards, named by its first shard, in the order of the moves. With `drained` only what
-- is on that node moves.
CREATE FUNCTION citus_stand_in.plan_moves(drain_only bool, drained int DEFAULT NULL, relation regclass DEFAULT NULL)
RETURNS TABLE (shard bigint, source_group int, target_group int) LANGUAGE plpgsql STABLE AS $$
DECLARE
  targets int[] := ARRAY(SELECT n.groupid FROM citus_stand_in.active_primaries() n WHERE n.shouldhaveshards ORDER BY n.nodeid);
  colocation int;
  shards bigint[];
  places int[];
  fullest int;
  emptiest int;
  position int;
BEGIN
  IF cardinality(targets) = 0 AND EXISTS (SELECT FROM pg_dist_partition WHERE partmethod = 'h') THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = 'Shard replication factor (1) cannot be greater than '
      'number of nodes with should_have_shards=true (0).';
  END IF;
  FOR colocation IN
    SELECT DISTINCT p.colocationid FROM pg_dist_partition p
    WHERE p.partmethod = 'h' AND (relation IS NULL OR p.logicalrelid = relation) ORDER BY 1
  LOOP
    SELECT array_agg(s.shardid ORDER BY s.shardid), array_agg(p.groupid ORDER BY s.shardid) INTO shards, places
    FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid)
    WHERE s.logicalrelid = (SELECT min(t.logicalrelid::oid) FROM pg_dist_partition t WHERE t.colocationid = colocation);
    LOOP
      SELECT t, count(p) INTO emptiest, position
        FROM unnest(targets) WITH ORDINALITY AS u(t, i) LEFT JOIN unnest(places) p ON p = t GROUP BY t, i ORDER BY count(p), i LIMIT 1;
      position := (SELECT min(i) FROM unnest(places) WITH ORDINALITY AS u(p, i)
                   WHERE p <> ALL (targets) AND (drained IS NULL OR p = drained));
      IF position IS NULL AND NOT drain_only THEN
        SELECT p INTO fullest FROM unnest(places) p GROUP BY p ORDER BY count(*) DESC, p LIMIT 1;
        IF (SELECT count(*) FILTER (WHERE p = fullest) - count(*) FILTER (WHERE p = emptiest) > 1 FROM unnest(places) p) THEN
          position := array_position(places, fullest);
        END IF;
      END IF;
      EXIT WHEN position IS NULL;
      shard := shards[position];
      source_group := places[position];
      target_group := emptiest;
      places[position] := emptiest;
      RETURN NEXT;
    END LOOP;
  END LOOP;
END $$;

CREATE FUNCTION pg_catalog.get_rebalance_table_shards_plan(relation regclass DEFAULT NULL, threshold real DEFAULT NULL,
  max_shard_moves int DEFAULT 1000000, excluded_shard_list bigint[] DEFAULT '{}', drain_only bool DEFAULT false,
  rebalance_strategy name DEFAULT NULL, improvement_threshold real DEFAULT NULL)
RETURNS TABLE (table_name regclass, shardid bigint, shard_size bigint, sourcename text, sourceport int, targetname text, targetport int)
LANGUAGE sql AS $$
  SELECT s.logicalrelid, s.shardid, coalesce(z.size, 0), a.nodename, a.nodeport, b.nodename, b.nodeport
  FROM citus_stand_in.plan_moves(drain_only, NULL, relation) WITH ORDINALITY AS m(shard, source_group, target_group, step)
  JOIN pg_dist_shard s ON s.shardid = ANY (citus_stand_in.colocated_shards(m.shard))
  JOIN pg_dist_node a ON a.groupid = m.source_group AND a.noderole = 'primary'
  JOIN pg_dist_node b ON b.groupid = m.target_group AND b.noderole = 'primary'
  LEFT JOIN citus_stand_in.placement_sizes() z ON z.shardid = s.shardid AND z.groupid = m.source_group
  ORDER BY m.step, s.shardid
$$;

CREATE FUNCTION citus_stand_in.require_all_movable(mode citus.shard_transfer_mode) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF mode = 'auto' THEN
    PERFORM citus_stand_in.require_replica_identity(p.logicalrelid) FROM pg_dist_partition p WHERE p.partmethod = 'h' ORDER BY p.logicalrelid;
  END IF;
END $$;

-- Each move is committed by a session of its own.
CREATE FUNCTION citus_stand_in.carry_out(drain_only bool, drained int, relation regclass, mode citus.shard_transfer_mode)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  move record;
BEGIN
  FOR move IN SELECT m.shard, a.nodename AS from_name, a.nodeport AS from_port, b.nodename AS to_name, b.nodeport AS to_port,
                     a.nodeid AS from_id, b.nodeid AS to_id
              FROM citus_stand_in.plan_moves(drain_only, drained, relation) WITH ORDINALITY AS m(shard, source_group, target_group, step)
              JOIN pg_dist_node a ON a.groupid = m.source_group JOIN pg_dist_node b ON b.groupid = m.target_group ORDER BY m.step
  LOOP
    RAISE NOTICE 'Moving shard % from %:% to %:% ...', move.shard, move.from_name, move.from_port, move.to_name, move.to_port;
    PERFORM citus_stand_in.query_loopback(format('SELECT citus_move_shard_placement(%s, %s, %s, %L)::text',
                                                 move.shard, move.from_id, move.to_id, mode));
  END LOOP;
END $$;

-- The mark that keeps new shards away stays even if a move fails, as in Citus.
CREATE FUNCTION pg_catalog.citus_drain_node(nodename text, nodeport int, shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto',
  rebalance_strategy name DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  node pg_dist_node;
BEGIN
  SELECT * INTO node FROM pg_dist_node n WHERE n.nodename = $1 AND n.nodeport = $2;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('node %s:%s not found', nodename, nodeport);
  END IF;
  PERFORM citus_stand_in.require_coordinator();
  PERFORM citus_stand_in.query_loopback(format('SELECT citus_set_node_property(%L, %s, ''shouldhaveshards'', false)::text', nodename, nodeport));
  PERFORM citus_stand_in.require_all_movable(shard_transfer_mode);
  PERFORM citus_stand_in.carry_out(true, node.groupid, NULL, shard_transfer_mode);
END $$;

CREATE FUNCTION pg_catalog.rebalance_table_shards(relation regclass DEFAULT NULL, threshold real DEFAULT NULL, max_shard_moves int DEFAULT 1000000,
  excluded_shard_list bigint[] DEFAULT '{}', shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto', drain_only bool DEFAULT false,
  rebalance_strategy name DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  PERFORM citus_stand_in.require_all_movable(shard_transfer_mode);
  PERFORM citus_stand_in.query_loopback(format('SELECT replicate_reference_tables(%L)::text', shard_transfer_mode));
  PERFORM citus_stand_in.carry_out(drain_only, NULL, relation, shard_transfer_mode);
END $$;

CREATE FUNCTION pg_catalog.get_rebalance_progress()
RETURNS TABLE (sessionid int, table_name regclass, shardid bigint, shard_size bigint, sourcename text, sourceport int,
  targetname text, targetport int, progress bigint, source_shard_size bigint, target_shard_size bigint, operation_type text,
  source_lsn pg_lsn, target_lsn pg_lsn, status text)
LANGUAGE sql STRICT AS $$
  SELECT p.sessionid, s.logicalrelid, p.shardid, z.size, a.nodename, a.nodeport, b.nodename, b.nodeport, 1::bigint,
         z.size, t.size, 'move', NULL::pg_lsn, NULL::pg_lsn, 'Copying Data'
  FROM citus_stand_in.progress p JOIN pg_dist_shard s USING (shardid)
  JOIN pg_dist_node a ON a.groupid = p.source_group JOIN pg_dist_node b ON b.groupid = p.target_group
  LEFT JOIN citus_stand_in.placement_sizes() z ON z.shardid = p.shardid AND z.groupid = p.source_group
  LEFT JOIN citus_stand_in.placement_sizes() t ON t.shardid = p.shardid AND t.groupid = p.target_group
  WHERE citus_stand_in.is_running(p.operation_id)
$$;
