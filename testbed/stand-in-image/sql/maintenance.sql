-- One session of citus-maintenance calls maintain() for ever: background tasks, metadata of an updated node, deferred drops,
-- foreign servers after a reload. Each step commits for itself, and a step that fails is tried again.

CREATE FUNCTION citus_stand_in.missing_reference_copies() RETURNS TABLE (shardid bigint, groupid int) LANGUAGE sql STABLE AS $$
  SELECT s.shardid, n.groupid FROM pg_dist_shard s JOIN pg_dist_partition p USING (logicalrelid), citus_stand_in.active_primaries() n
  WHERE p.partmethod = 'n' AND NOT EXISTS (SELECT FROM pg_dist_placement o WHERE o.shardid = s.shardid AND o.groupid = n.groupid)
$$;

-- Citus' pauses between the tries of a task, in seconds.
CREATE FUNCTION citus_stand_in.retry_pause(tries int) RETURNS interval LANGUAGE sql IMMUTABLE AS
  $$ SELECT make_interval(secs => CASE tries WHEN 1 THEN 5 WHEN 2 THEN 20 ELSE 60 END) $$;

-- Takes the next task that may run, marks it, and says so to everyone by committing (done by the caller).
CREATE FUNCTION citus_stand_in.take_task() RETURNS pg_dist_background_task LANGUAGE plpgsql AS $$
DECLARE
  task pg_dist_background_task;
BEGIN
  UPDATE pg_dist_background_task t SET status = 'runnable'
    WHERE t.status = 'blocked' AND NOT EXISTS (
      SELECT FROM pg_dist_background_task_depend d JOIN pg_dist_background_task o ON o.task_id = d.depends_on
      WHERE d.task_id = t.task_id AND o.status <> 'done');
  SELECT t.* INTO task FROM pg_dist_background_task t JOIN pg_dist_background_job j USING (job_id)
    WHERE t.status = 'runnable' AND coalesce(t.not_before <= now(), true) AND j.state IN ('scheduled', 'running') ORDER BY t.task_id LIMIT 1;
  IF FOUND THEN
    UPDATE pg_dist_background_task t SET status = 'running' WHERE t.task_id = task.task_id;
    UPDATE pg_dist_background_job j SET state = 'running', started_at = coalesce(j.started_at, now()) WHERE j.job_id = task.job_id;
  END IF;
  RETURN task;
END $$;

-- Citus gives up after 32 tries.
CREATE FUNCTION citus_stand_in.task_failed(task pg_dist_background_task, reason text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  tries int := coalesce(task.retry_count, 0) + 1;
BEGIN
  IF EXISTS (SELECT FROM pg_dist_background_job j WHERE j.job_id = task.job_id AND j.state = 'cancelling') THEN
    UPDATE pg_dist_background_task SET status = 'cancelled', pid = NULL, message = reason WHERE task_id = task.task_id;
  ELSIF tries >= 32 THEN
    UPDATE pg_dist_background_task SET status = 'error', pid = NULL, message = reason, retry_count = tries WHERE task_id = task.task_id;
    UPDATE pg_dist_background_task SET status = 'unscheduled' WHERE job_id = task.job_id AND status IN ('blocked', 'runnable');
  ELSE
    UPDATE pg_dist_background_task
      SET status = 'runnable', pid = NULL, message = reason, retry_count = tries, not_before = now() + citus_stand_in.retry_pause(tries)
      WHERE task_id = task.task_id;
  END IF;
END $$;

-- The task runs in a session of its own, whose pid others can cancel.
CREATE FUNCTION citus_stand_in.run_task(task pg_dist_background_task) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  connection text := citus_stand_in.connect(citus_stand_in.setting('local_hostname', 'localhost'), current_setting('port')::int);
BEGIN
  PERFORM citus_stand_in.query(connection, format(
    'UPDATE pg_dist_background_task SET pid = pg_backend_pid() WHERE task_id = %s RETURNING pid::text', task.task_id));
  PERFORM citus_stand_in.query(connection, 'SELECT r::text FROM (' || task.command || ') AS r');
  UPDATE pg_dist_background_task SET status = 'done', pid = NULL, message = '' WHERE task_id = task.task_id;
  PERFORM citus_stand_in.dblink_disconnect(connection);
EXCEPTION WHEN OTHERS THEN
  PERFORM citus_stand_in.dblink_disconnect(connection);
  PERFORM citus_stand_in.task_failed(task, 'ERROR:  ' || SQLERRM);
END $$;

CREATE FUNCTION citus_stand_in.settle_jobs() RETURNS void LANGUAGE sql AS $$
  UPDATE pg_dist_background_job j SET finished_at = now(), state = CASE
      WHEN j.state = 'cancelling' THEN 'cancelled'::citus_job_status
      WHEN EXISTS (SELECT FROM pg_dist_background_task t WHERE t.job_id = j.job_id AND t.status = 'error') THEN 'failed'
      ELSE 'finished' END
  WHERE j.state IN ('scheduled', 'running', 'cancelling', 'failing')
    AND EXISTS (SELECT FROM pg_dist_background_task t WHERE t.job_id = j.job_id) AND NOT EXISTS (
    SELECT FROM pg_dist_background_task t WHERE t.job_id = j.job_id AND t.status IN ('blocked', 'runnable', 'running'));
$$;

-- Tells the nodes what citus_update_node changed, and tries again at the next turn when one is down.
CREATE FUNCTION citus_stand_in.sync_late_nodes() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_dist_node n WHERE n.isactive AND n.hasmetadata AND NOT n.metadatasynced) THEN
    UPDATE pg_dist_node SET metadatasynced = true WHERE isactive AND hasmetadata;
    PERFORM citus_stand_in.sync_metadata();
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE LOG 'metadata is not in sync yet: %', SQLERRM;
END $$;

CREATE FUNCTION citus_stand_in.drop_deferred() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_dist_cleanup) AND pg_try_advisory_xact_lock(hashtext('citus_stand_in.cleanup')) THEN
    PERFORM citus_stand_in.clean_up();
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE LOG 'leftovers of moves stay: %', SQLERRM;
END $$;

-- True once per interval in this session.
CREATE FUNCTION citus_stand_in.is_due(what text, every interval) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
  last timestamptz := nullif(current_setting('citus_stand_in.' || what, true), '')::timestamptz;
BEGIN
  IF last IS NULL OR clock_timestamp() - last >= every THEN
    PERFORM set_config('citus_stand_in.' || what, clock_timestamp()::text, false);
    RETURN last IS NOT NULL;
  END IF;
  RETURN false;
END $$;

-- The first call of a session makes it the one that maintains; tasks of the server's earlier life run again.
CREATE FUNCTION citus_stand_in.take_over_maintenance() RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('citus_stand_in.maintains', true) = 'yes' THEN
    RETURN true;
  END IF;
  IF NOT pg_try_advisory_lock(hashtext('citus_stand_in.maintain')) THEN
    RETURN false;
  END IF;
  PERFORM set_config('citus_stand_in.maintains', 'yes', false);
  UPDATE pg_dist_background_task SET status = 'runnable', pid = NULL WHERE status = 'running';
  RETURN true;
END $$;

-- One round; called again and again, as a command of its own each time so that a reload of the settings gets through.
CREATE PROCEDURE citus_stand_in.maintain() LANGUAGE plpgsql AS $$
DECLARE
  task pg_dist_background_task;
BEGIN
  IF NOT citus_stand_in.take_over_maintenance() THEN
    RETURN;
  END IF;
  COMMIT;
  PERFORM citus_stand_in.refresh_servers();
  COMMIT;
  IF citus_stand_in.local_group() <> 0 OR NOT EXISTS (SELECT FROM pg_dist_node) THEN
    PERFORM pg_sleep(2.5); -- only a coordinator has work that somebody waits for
    RETURN;
  END IF;
  PERFORM citus_stand_in.sync_late_nodes();
  COMMIT;
  IF citus_stand_in.is_due('queue', citus_stand_in.time_setting('background_task_queue_interval', '5s')) THEN
    LOOP
      task := citus_stand_in.take_task();
      COMMIT;
      EXIT WHEN task.task_id IS NULL;
      PERFORM citus_stand_in.run_task(task);
      COMMIT;
    END LOOP;
    PERFORM citus_stand_in.settle_jobs();
    COMMIT;
  END IF;
  IF citus_stand_in.is_due('deferred_drops', citus_stand_in.time_setting('defer_shard_delete_interval', '15s')) THEN
    PERFORM citus_stand_in.drop_deferred();
  END IF;
END $$;
