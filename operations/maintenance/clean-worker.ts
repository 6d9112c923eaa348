import type { Endpoint } from "../../environments/cluster";
import { formatEndpoint } from "../../environments/cluster";
import { Failure } from "../failure";
import { quoteLiteral, runOnNodes } from "../registration/run-on-nodes";
import type { Session } from "../session";

/**
 * What Citus 13 leaves on a worker whose metadata sync was stopped and which was removed: its copies of reference tables,
 * and schemas, types, functions and sequences that were made there for distributed tables. Their names are on the
 * coordinator, so that this can be done again.
 */
const LEFTOVERS = `
  SELECT 'TABLE' AS kind, CASE n.nspname WHEN 'public' THEN 'public.' ELSE '' END || shard_name(s.logicalrelid, s.shardid) AS name,
         1 AS step
    FROM pg_dist_partition p
    JOIN pg_dist_shard s USING (logicalrelid)
    JOIN pg_class c ON c.oid = s.logicalrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE p.partmethod = 'n' AND p.repmodel = 't'
  UNION ALL
  SELECT upper(i.type), i.identity, CASE i.type WHEN 'schema' THEN 3 ELSE 2 END
    FROM pg_dist_object o, pg_identify_object(o.classid, o.objid, o.objsubid) i
   WHERE i.type = ANY (ARRAY['view', 'sequence', 'function', 'procedure', 'aggregate', 'type', 'collation', 'schema',
           'text search configuration', 'text search dictionary', 'foreign table', 'publication'])
     AND i.identity <> 'public'
   ORDER BY 3`;

/** Passes over what depends on each other. */
const PASSES = 5;

/** The same for a person at a terminal, on a worker that no run can be told to clean any more: in this order. */
export async function cleanupByHand(session: Session): Promise<string[]> {
  const leftovers = await session.query<Leftover>(LEFTOVERS);
  return [
    "SET citus.enable_ddl_propagation TO off;",
    "DELETE FROM pg_dist_schema;",
    ...leftovers.map((leftover) => `${dropOf(leftover)};`),
  ];
}

interface Leftover {
  readonly kind: string;
  readonly name: string;
}

function dropOf({ kind, name }: Leftover): string {
  return `DROP ${kind} IF EXISTS ${name}`;
}

/**
 * Drops on a removed worker what was the cluster's, and nothing that anything else there depends on.
 *
 * @returns how many objects were dropped
 * @throws Failure with what the worker answered
 */
export async function cleanWorker(session: Session, endpoint: Endpoint): Promise<number> {
  const leftovers = await session.query<Leftover>(LEFTOVERS);
  const before = await count(session, endpoint);
  const statements = leftovers.map((leftover) => quoteLiteral(dropOf(leftover)));
  // Without CASCADE: a table of people that uses one of the types keeps it.
  await onWorker(
    session,
    endpoint,
    // As a literal: a name may contain any dollar quote.
    `DO ${quoteLiteral(`DECLARE statement text; pass int;
     BEGIN
       IF (SELECT groupid <> 0 FROM pg_dist_local_group) THEN RAISE EXCEPTION 'it is still a worker'; END IF;
       PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
       PERFORM set_config('client_min_messages', 'error', true);
       DELETE FROM pg_dist_schema;
       FOR pass IN 1..${PASSES} LOOP
         FOREACH statement IN ARRAY ARRAY[${statements.join(", ")}]::text[] LOOP
           BEGIN EXECUTE statement;
           EXCEPTION WHEN dependent_objects_still_exist OR wrong_object_type OR invalid_schema_name OR undefined_object THEN NULL;
           END;
         END LOOP;
       END LOOP;
     END`)}`,
  );
  return before - (await count(session, endpoint));
}

/** Of what isn't PostgreSQL's own or an extension's. */
async function count(session: Session, endpoint: Endpoint): Promise<number> {
  const own = (catalog: string) =>
    `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'e')`;
  const value = await onWorker(
    session,
    endpoint,
    `SELECT (SELECT count(*) FROM pg_class o WHERE o.oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ${own("pg_class")})
          + (SELECT count(*) FROM pg_proc o WHERE o.oid >= 16384 AND ${own("pg_proc")})
          + (SELECT count(*) FROM pg_type o WHERE o.oid >= 16384 AND typtype IN ('e', 'd', 'r') AND ${own("pg_type")})
          + (SELECT count(*) FROM pg_namespace o WHERE o.oid >= 16384 AND nspname !~ '^pg_' AND ${own("pg_namespace")})`,
  );
  return Number(value);
}

async function onWorker(session: Session, endpoint: Endpoint, statement: string): Promise<string | null> {
  const [answer] = await runOnNodes(session, [endpoint], [statement]);
  if (answer !== undefined && "value" in answer) return answer.value;
  throw new Failure(
    `${formatEndpoint(endpoint)} could not be emptied: ${answer?.error}`,
    "see its log, then run this again: it goes on",
  );
}
