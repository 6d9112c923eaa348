-- The background rebalance: a job with one task per move, each after the one before it, run by the maintenance session.

CREATE FUNCTION pg_catalog.citus_rebalance_start(rebalance_strategy name DEFAULT NULL, drain_only bool DEFAULT false,
  shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto')
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  job bigint;
  task bigint;
  previous bigint;
  move record;
  moves int := 0;
BEGIN
  PERFORM citus_stand_in.require_coordinator();
  IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE partmethod = 'h') THEN
    RAISE NOTICE 'No tables to rebalance';
    RETURN NULL;
  END IF;
  SELECT j.job_id INTO job FROM pg_dist_background_job j
    WHERE j.job_type = 'rebalance' AND j.state IN ('scheduled', 'running', 'cancelling', 'failing');
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = format('A rebalance is already running as job %s', job),
      DETAIL = 'A rebalance was already scheduled as background job',
      HINT = 'To monitor progress, run: SELECT * FROM citus_rebalance_status();';
  END IF;
  PERFORM citus_stand_in.require_all_movable(shard_transfer_mode);
  FOR move IN SELECT m.shard, a.nodeid AS from_id, b.nodeid AS to_id
              FROM citus_stand_in.plan_moves(drain_only) WITH ORDINALITY AS m(shard, source_group, target_group, step)
              JOIN pg_dist_node a ON a.groupid = m.source_group JOIN pg_dist_node b ON b.groupid = m.target_group ORDER BY m.step
  LOOP
    IF job IS NULL THEN
      INSERT INTO pg_dist_background_job (job_type, description) VALUES ('rebalance', 'Rebalance all colocation groups')
        RETURNING job_id INTO job;
      IF EXISTS (SELECT FROM citus_stand_in.missing_reference_copies()) THEN
        INSERT INTO pg_dist_background_task (job_id, command, nodes_involved)
          VALUES (job, format('SELECT pg_catalog.replicate_reference_tables(%L)', shard_transfer_mode), '{}') RETURNING task_id INTO previous;
      END IF;
    END IF;
    INSERT INTO pg_dist_background_task (job_id, status, command, nodes_involved)
      VALUES (job, CASE WHEN previous IS NULL THEN 'runnable' ELSE 'blocked' END::citus_task_status,
              format('SELECT pg_catalog.citus_move_shard_placement(%s,%s,%s,%L)', move.shard, move.from_id, move.to_id, shard_transfer_mode),
              ARRAY[move.from_id, move.to_id]) RETURNING task_id INTO task;
    INSERT INTO pg_dist_background_task_depend SELECT job, task, previous WHERE previous IS NOT NULL;
    previous := task;
    moves := moves + 1;
  END LOOP;
  IF job IS NULL THEN
    RAISE NOTICE 'No moves available for rebalancing';
  ELSE
    RAISE NOTICE USING MESSAGE = format('Scheduled %s moves as job %s', moves, job), DETAIL = 'Rebalance scheduled as background job',
      HINT = 'To monitor progress, run: SELECT * FROM citus_rebalance_status();';
  END IF;
  RETURN job;
END $$;

CREATE FUNCTION pg_catalog.citus_job_list()
RETURNS TABLE (job_id bigint, state citus_job_status, job_type name, description text, started_at timestamptz, finished_at timestamptz)
LANGUAGE sql STABLE AS $$ SELECT * FROM pg_dist_background_job ORDER BY job_id $$;

CREATE FUNCTION pg_catalog.citus_job_status(job_id bigint, raw bool DEFAULT false)
RETURNS TABLE (job_id bigint, state citus_job_status, job_type name, description text, started_at timestamptz,
  finished_at timestamptz, details jsonb)
LANGUAGE sql STABLE STRICT AS $$
  SELECT j.*, jsonb_build_object(
    'tasks', coalesce((SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'state', t.status, 'task_id', t.task_id, 'command', t.command, 'message', t.message, 'retried', coalesce(t.retry_count, 0),
        'hosts', (SELECT jsonb_build_object('source', a.nodename || ':' || a.nodeport, 'target', b.nodename || ':' || b.nodeport)
                  FROM pg_dist_node a, pg_dist_node b WHERE a.nodeid = t.nodes_involved[1] AND b.nodeid = t.nodes_involved[2]),
        'phase', CASE WHEN t.status = 'running' THEN 'Copying Data' END)) ORDER BY t.task_id)
      FROM pg_dist_background_task t
      WHERE t.job_id = j.job_id AND (t.status IN ('running', 'error') OR t.status = 'runnable' AND t.retry_count > 0)), '[]'),
    'task_state_counts', (SELECT jsonb_object_agg(c.status, c.n) FROM
      (SELECT t.status, count(*) n FROM pg_dist_background_task t WHERE t.job_id = j.job_id GROUP BY t.status) c))
  FROM pg_dist_background_job j WHERE j.job_id = $1
$$;

CREATE FUNCTION pg_catalog.citus_rebalance_status(raw bool DEFAULT false)
RETURNS TABLE (job_id bigint, state citus_job_status, job_type name, description text, started_at timestamptz,
  finished_at timestamptz, details jsonb)
LANGUAGE sql STABLE STRICT AS $$
  SELECT s.* FROM (SELECT max(job_id) AS last FROM pg_dist_background_job WHERE job_type = 'rebalance') j, citus_job_status(j.last, raw) s
$$;

CREATE FUNCTION pg_catalog.citus_job_cancel(jobid bigint) RETURNS void LANGUAGE plpgsql STRICT AS $$
BEGIN
  UPDATE pg_dist_background_job SET state = 'cancelling' WHERE job_id = jobid AND state IN ('scheduled', 'running', 'failing');
  IF FOUND THEN
    UPDATE pg_dist_background_task SET status = 'cancelled' WHERE job_id = jobid AND status IN ('blocked', 'runnable');
    PERFORM pg_cancel_backend(pid) FROM pg_dist_background_task WHERE job_id = jobid AND status = 'running' AND pid IS NOT NULL;
  END IF;
END $$;

CREATE FUNCTION citus_stand_in.running_rebalance() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT job_id FROM pg_dist_background_job
  WHERE job_type = 'rebalance' AND state IN ('scheduled', 'running', 'cancelling', 'failing') LIMIT 1
$$;

CREATE FUNCTION pg_catalog.citus_rebalance_stop() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  job bigint := citus_stand_in.running_rebalance();
BEGIN
  IF job IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = 'no ongoing rebalance that can be stopped';
  END IF;
  PERFORM citus_job_cancel(job);
END $$;

CREATE FUNCTION pg_catalog.citus_job_wait(jobid bigint, desired_status citus_job_status DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  state citus_job_status;
BEGIN
  LOOP
    SELECT j.state INTO state FROM pg_dist_background_job j WHERE j.job_id = jobid;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'internal_error', MESSAGE = format('no job found for job with jobid: %s', jobid);
    END IF;
    EXIT WHEN state = desired_status;
    IF state IN ('finished', 'cancelled', 'failed') THEN
      IF desired_status IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'internal_error',
          MESSAGE = format('Job reached terminal state "%s" instead of desired state "%s"', state, desired_status);
      END IF;
      EXIT;
    END IF;
    PERFORM pg_sleep(0.1);
  END LOOP;
END $$;

CREATE FUNCTION pg_catalog.citus_rebalance_wait() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  job bigint := citus_stand_in.running_rebalance();
BEGIN
  IF job IS NULL THEN
    RAISE WARNING 'no ongoing rebalance that can be waited on';
  ELSE
    PERFORM citus_job_wait(job);
  END IF;
END $$;
