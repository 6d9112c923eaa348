-- What moves leave behind, and the records that say so. policy_type: 1 when the move fails, 2 after it succeeded.

-- Held from the first look at the records to the end of the transaction, so that nobody drops a shard's leftover while
-- the shard itself returns to that node under the same name.
CREATE FUNCTION citus_stand_in.lock_cleanup() RETURNS void LANGUAGE sql AS
  $$ SELECT pg_advisory_xact_lock(hashtext('citus_stand_in.cleanup')) $$;

-- Drops what it can and returns how many; a record whose node is unknown or down stays.
CREATE FUNCTION citus_stand_in.clean_up() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  leftover record;
  cleaned int := 0;
BEGIN
  PERFORM citus_stand_in.lock_cleanup();
  FOR leftover IN
    SELECT c.record_id, c.object_name, c.operation_id, n.nodename, n.nodeport
    FROM pg_dist_cleanup c JOIN pg_dist_node n ON n.groupid = c.node_group_id AND n.noderole = 'primary'
    -- What this transaction itself left behind is needed again if it fails.
    WHERE pg_xact_status(c.xmin::text::xid8) IS DISTINCT FROM 'in progress' ORDER BY c.record_id
  LOOP
    BEGIN
      PERFORM citus_stand_in.query_node(leftover.nodename, leftover.nodeport,
        format('SET client_min_messages = error; SET lock_timeout = ''1s''; DROP TABLE IF EXISTS %s CASCADE', leftover.object_name));
      DELETE FROM pg_dist_cleanup c WHERE c.record_id = leftover.record_id;
      cleaned := cleaned + 1;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'failed to clean up shard % on %:% left behind by operation %: %', leftover.object_name,
        leftover.nodename, leftover.nodeport, leftover.operation_id, SQLERRM;
    END;
  END LOOP;
  RETURN cleaned;
END $$;

CREATE PROCEDURE pg_catalog.citus_cleanup_orphaned_resources() LANGUAGE plpgsql AS $$
DECLARE
  cleaned int;
BEGIN
  IF now() <> statement_timestamp() THEN -- a transaction that began before this statement
    RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
      MESSAGE = 'citus_cleanup_orphaned_resources cannot run inside a transaction block';
  END IF;
  PERFORM citus_stand_in.require_coordinator();
  cleaned := citus_stand_in.clean_up();
  IF cleaned > 0 THEN
    RAISE NOTICE 'cleaned up % orphaned resources', cleaned;
  END IF;
END $$;
