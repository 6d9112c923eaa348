-- What the stand-in refuses, so that nothing is imitated by half.

CREATE FUNCTION citus_stand_in.refuse(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = 'the stand-in for Citus does not imitate ' || what;
END $$;

-- Only what a plain table has; Citus itself takes more.
CREATE FUNCTION citus_stand_in.require_plain_table(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  kind "char";
  owner oid;
BEGIN
  SELECT relkind, relowner INTO kind, owner FROM pg_class WHERE oid = relation;
  IF NOT pg_has_role(session_user, owner, 'USAGE') THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('must be owner of table %s', relation);
  END IF;
  IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = relation) THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_table_definition', MESSAGE = format('table "%s" is already distributed', relation);
  END IF;
  IF kind <> 'r' OR EXISTS (SELECT FROM pg_inherits WHERE relation IN (inhrelid, inhparent)) THEN
    PERFORM citus_stand_in.refuse('distributing anything but a plain table');
  END IF;
  IF EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND relation IN (conrelid, confrelid)) THEN
    PERFORM citus_stand_in.refuse('foreign keys on distributed and reference tables');
  END IF;
  IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal) THEN
    PERFORM citus_stand_in.refuse('triggers on distributed and reference tables');
  END IF;
  IF EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
             WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = relation) THEN
    PERFORM citus_stand_in.refuse('distributing a table that a view depends on');
  END IF;
END $$;

CREATE FUNCTION citus_stand_in.require_keys_with_column(relation regclass, attribute smallint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  offending text := (SELECT i.indexrelid::regclass::text FROM pg_index i
                     WHERE i.indrelid = relation AND (i.indisunique OR i.indisexclusion) AND attribute <> ALL (i.indkey::int2[]) LIMIT 1);
BEGIN
  IF offending IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('cannot create constraint on "%s"', relation),
      DETAIL = 'Distributed relations cannot have UNIQUE, EXCLUDE, or PRIMARY KEY constraints that do not include the '
               'partition column (with an equality operator if EXCLUDE).';
  END IF;
END $$;
