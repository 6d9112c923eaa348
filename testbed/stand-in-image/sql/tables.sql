-- STAND-IN of the pg-dist test bed: names, columns and defaults of Citus 13.0.3's catalog, filled by plain SQL.
\echo This is an extension script: use CREATE EXTENSION citus \quit

CREATE SCHEMA citus;
CREATE SCHEMA citus_internal;
-- Everything that Citus does not have lives here.
CREATE SCHEMA citus_stand_in;
GRANT USAGE ON SCHEMA citus, citus_internal, citus_stand_in TO public;

CREATE TYPE citus.distribution_type AS ENUM ('hash', 'range', 'append');
CREATE TYPE citus.shard_transfer_mode AS ENUM ('auto', 'force_logical', 'block_writes');
CREATE TYPE pg_catalog.noderole AS ENUM ('primary', 'secondary', 'unavailable');
CREATE TYPE pg_catalog.citus_job_status AS ENUM
  ('scheduled', 'running', 'finished', 'cancelling', 'cancelled', 'failing', 'failed');
CREATE TYPE pg_catalog.citus_task_status AS ENUM
  ('blocked', 'runnable', 'running', 'done', 'cancelling', 'error', 'unscheduled', 'cancelled');

-- PostgreSQL creates no relation in pg_catalog, but lets one move there.
CREATE SEQUENCE citus.pg_dist_node_nodeid_seq MAXVALUE 4294967294;
CREATE SEQUENCE citus.pg_dist_groupid_seq MAXVALUE 4294967296;
CREATE SEQUENCE citus.pg_dist_colocationid_seq MAXVALUE 4294967296;
CREATE SEQUENCE citus.pg_dist_shardid_seq MINVALUE 102008;
CREATE SEQUENCE citus.pg_dist_placement_placementid_seq;
CREATE SEQUENCE citus.pg_dist_operationid_seq;
CREATE SEQUENCE citus.pg_dist_cleanup_recordid_seq;
CREATE SEQUENCE citus.pg_dist_background_job_job_id_seq;
CREATE SEQUENCE citus.pg_dist_background_task_task_id_seq;

CREATE TABLE citus.pg_dist_node (
  nodeid int NOT NULL DEFAULT nextval('citus.pg_dist_node_nodeid_seq') PRIMARY KEY,
  groupid int NOT NULL DEFAULT nextval('citus.pg_dist_groupid_seq'),
  nodename text NOT NULL,
  nodeport int NOT NULL DEFAULT 5432,
  noderack text NOT NULL DEFAULT 'default',
  hasmetadata bool NOT NULL DEFAULT false,
  isactive bool NOT NULL DEFAULT true,
  noderole noderole NOT NULL DEFAULT 'primary',
  nodecluster name NOT NULL DEFAULT 'default',
  metadatasynced bool DEFAULT false,
  shouldhaveshards bool NOT NULL DEFAULT true,
  UNIQUE (nodename, nodeport),
  CONSTRAINT primaries_are_only_allowed_in_the_default_cluster
    CHECK (NOT (nodecluster <> 'default' AND noderole = 'primary'))
);
CREATE TABLE citus.pg_dist_local_group (groupid int NOT NULL PRIMARY KEY);
CREATE TABLE citus.pg_dist_node_metadata (metadata jsonb NOT NULL);
CREATE TABLE citus.pg_dist_partition (
  logicalrelid regclass NOT NULL UNIQUE,
  partmethod "char" NOT NULL,
  partkey text,
  colocationid int NOT NULL DEFAULT 0,
  repmodel "char" NOT NULL DEFAULT 'c',
  autoconverted bool DEFAULT false
);
CREATE TABLE citus.pg_dist_shard (
  logicalrelid regclass NOT NULL,
  shardid bigint NOT NULL UNIQUE,
  shardstorage "char" NOT NULL,
  shardminvalue text,
  shardmaxvalue text
);
CREATE TABLE citus.pg_dist_placement (
  placementid bigint NOT NULL DEFAULT nextval('citus.pg_dist_placement_placementid_seq') UNIQUE,
  shardid bigint NOT NULL,
  shardstate int NOT NULL,
  shardlength bigint NOT NULL,
  groupid int NOT NULL,
  CONSTRAINT placement_shardid_groupid_unique_index UNIQUE (shardid, groupid)
);
CREATE TABLE citus.pg_dist_colocation (
  colocationid int NOT NULL PRIMARY KEY,
  shardcount int NOT NULL,
  replicationfactor int NOT NULL,
  distributioncolumntype oid NOT NULL,
  distributioncolumncollation oid NOT NULL
);
CREATE TABLE citus.pg_dist_cleanup (
  record_id bigint NOT NULL DEFAULT nextval('citus.pg_dist_cleanup_recordid_seq') PRIMARY KEY,
  operation_id bigint NOT NULL,
  object_type int NOT NULL,
  object_name text NOT NULL,
  node_group_id int NOT NULL,
  policy_type int NOT NULL
);
CREATE TABLE citus.pg_dist_schema (
  schemaid oid NOT NULL PRIMARY KEY,
  colocationid int NOT NULL
);
CREATE TABLE citus.pg_dist_object (
  classid oid NOT NULL,
  objid oid NOT NULL,
  objsubid int NOT NULL,
  type text,
  object_names text[],
  object_args text[],
  distribution_argument_index int,
  colocationid int,
  force_delegation bool,
  PRIMARY KEY (classid, objid, objsubid)
);
CREATE TABLE citus.pg_dist_transaction (groupid int NOT NULL, gid text NOT NULL, UNIQUE (groupid, gid));
CREATE TABLE citus.pg_dist_poolinfo (nodeid int NOT NULL PRIMARY KEY, poolinfo text NOT NULL);

CREATE FUNCTION pg_catalog.role_exists(name) RETURNS bool LANGUAGE sql STABLE STRICT
  AS $$ SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) $$;
CREATE FUNCTION pg_catalog.authinfo_valid(text) RETURNS bool LANGUAGE sql IMMUTABLE STRICT
  AS $$ SELECT $1 ~ '^\s*(password|sslcert|sslkey)\s*=' AND $1 !~ '(^|\s)(user|host|port|dbname|passfile)\s*=' $$;
CREATE TABLE citus.pg_dist_authinfo (
  nodeid int NOT NULL,
  rolename name NOT NULL CONSTRAINT role_exists CHECK (role_exists(rolename)),
  authinfo text NOT NULL CONSTRAINT authinfo_valid CHECK (authinfo_valid(authinfo))
);
CREATE UNIQUE INDEX pg_dist_authinfo_identification_index ON citus.pg_dist_authinfo (rolename, nodeid DESC);

CREATE TABLE citus.pg_dist_background_job (
  job_id bigint NOT NULL DEFAULT nextval('citus.pg_dist_background_job_job_id_seq') PRIMARY KEY,
  state citus_job_status NOT NULL DEFAULT 'scheduled',
  job_type name NOT NULL,
  description text NOT NULL,
  started_at timestamptz,
  finished_at timestamptz
);
CREATE TABLE citus.pg_dist_background_task (
  job_id bigint NOT NULL REFERENCES citus.pg_dist_background_job,
  task_id bigint NOT NULL DEFAULT nextval('citus.pg_dist_background_task_task_id_seq') PRIMARY KEY,
  owner regrole NOT NULL DEFAULT current_user::regrole,
  pid int,
  status citus_task_status NOT NULL DEFAULT 'runnable',
  command text NOT NULL,
  retry_count int,
  not_before timestamptz,
  message text NOT NULL DEFAULT '',
  nodes_involved int[],
  UNIQUE (job_id, task_id)
);
CREATE TABLE citus.pg_dist_background_task_depend (
  job_id bigint NOT NULL REFERENCES citus.pg_dist_background_job ON DELETE CASCADE,
  task_id bigint NOT NULL,
  depends_on bigint NOT NULL,
  PRIMARY KEY (job_id, task_id, depends_on),
  FOREIGN KEY (job_id, task_id) REFERENCES citus.pg_dist_background_task (job_id, task_id) ON DELETE CASCADE,
  FOREIGN KEY (job_id, depends_on) REFERENCES citus.pg_dist_background_task (job_id, task_id) ON DELETE CASCADE
);

DO $$
DECLARE
  relation record;
BEGIN
  FOR relation IN
    SELECT relname, relkind FROM pg_class
    WHERE relnamespace = 'citus'::regnamespace AND relkind IN ('r', 'S') AND relname LIKE 'pg\_dist\_%'
  LOOP
    EXECUTE format('ALTER %s citus.%I SET SCHEMA pg_catalog',
                   CASE relation.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relation.relname);
  END LOOP;
END $$;

-- What a running move says about itself, for get_rebalance_progress(); written by sessions of its own.
CREATE UNLOGGED TABLE citus_stand_in.progress (
  operation_id bigint NOT NULL,
  sessionid int NOT NULL,
  shardid bigint NOT NULL,
  source_group int NOT NULL,
  target_group int NOT NULL,
  PRIMARY KEY (operation_id, shardid)
);

CREATE FUNCTION pg_catalog.citus_version() RETURNS text LANGUAGE sql STABLE STRICT AS
  $$ SELECT 'Citus ' || coalesce(current_setting('citus.version', true), '13.0.3')
            || ' (STAND-IN of the pg-dist test bed, not Citus)' $$;
CREATE FUNCTION pg_catalog.citus_server_id() RETURNS uuid LANGUAGE sql VOLATILE STRICT AS $$ SELECT gen_random_uuid() $$;

INSERT INTO pg_dist_local_group VALUES (0);
INSERT INTO pg_dist_node_metadata SELECT jsonb_build_object(
  'docker', true, 'server_id', citus_server_id(), 'last_upgrade_version', '13.0-1',
  'partitioned_citus_table_exists_pre_11', false);
