-- Everyone may look; only superusers manage, as in Citus.
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN
    SELECT c.oid::regclass FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'v')
    WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'citus')
      AND c.relname NOT IN ('pg_dist_authinfo', 'pg_dist_poolinfo')
  LOOP
    EXECUTE format('GRANT SELECT ON %s TO public', name);
  END LOOP;
  FOR name IN
    SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN (
      'citus_add_node', 'citus_add_inactive_node', 'citus_activate_node', 'citus_disable_node', 'citus_remove_node',
      'citus_update_node', 'citus_set_node_property', 'citus_set_coordinator_host', 'citus_drain_node', 'citus_pause_node_within_txn',
      'start_metadata_sync_to_node', 'start_metadata_sync_to_all_nodes', 'stop_metadata_sync_to_node', 'replicate_reference_tables',
      'recover_prepared_transactions', 'citus_remote_connection_stats')
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM public', name);
  END LOOP;
END $$;
