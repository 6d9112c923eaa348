import type { Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { Failure, moreAbove } from "../../base/failure";
import { quoteLiteral, runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Session } from "../../cluster/connection/session";
import { remedyForSetting } from "../../cluster/nodes/setting-cause";
import { type Leftover, readLeftovers } from "../../cluster/holdings/leftovers";
import { AGAIN, advise } from "../../base/remedy";

/** Passes over what depends on each other. */
const PASSES = 5;

/** The statements of a clean-up for a person at a terminal, on a worker that no run can be told to clean any more: in this order. */
export async function cleanupByHand(session: Session): Promise<string[]> {
  const leftovers = await readLeftovers(session);
  return [
    "SET citus.enable_ddl_propagation TO off;",
    "DELETE FROM pg_dist_schema;",
    ...leftovers.map((leftover) => `${dropOf(leftover)};`),
  ];
}

function dropOf({ kind, name }: Leftover): string {
  return `DROP ${kind} IF EXISTS ${name}`;
}

/** What a clean-up came to. */
export interface Cleaned {
  /** How many objects were dropped. */
  readonly dropped: number;
  /** Stay, since something that was never the cluster's depends on them. */
  readonly needed: readonly Leftover[];
}

/**
 * Drops on a removed worker what was the cluster's, and nothing that anything else there depends on. What can't be dropped
 * doesn't keep the rest from it.
 *
 * @throws Failure with what the worker answered, after everything else was dropped
 */
export async function cleanWorker(session: Session, endpoint: Endpoint): Promise<Cleaned> {
  const leftovers = await readLeftovers(session);
  const before = await count(session, endpoint);
  const statements = leftovers.map((leftover) => quoteLiteral(dropOf(leftover)));
  await onWorker(
    session,
    endpoint,
    block(
      `IF (SELECT groupid <> 0 FROM pg_dist_local_group) THEN RAISE EXCEPTION 'it is still a worker'; END IF;
       DELETE FROM pg_dist_schema;
       FOR pass IN 1..${PASSES} LOOP
         FOREACH statement IN ARRAY ARRAY[${statements.join(", ")}]::text[] LOOP
           BEGIN EXECUTE statement;
           EXCEPTION WHEN OTHERS THEN NULL;
           END;
         END LOOP;
       END LOOP;`,
    ),
  );
  const left = await findLeft(session, endpoint, leftovers);
  const dropped = before - (await count(session, endpoint));
  const needed: Leftover[] = [];
  const failed: string[] = [];
  for (const leftover of left) {
    const why = await dropOne(session, endpoint, leftover);
    if (why === undefined) needed.push(leftover);
    else failed.push(`${dropOf(leftover)}: ${why}`);
  }
  const [first] = failed;
  if (first === undefined) return { dropped, needed };
  throw new Failure(
    `${formatEndpoint(endpoint)} could not be emptied: ${first}${moreAbove(failed.length - 1)}`,
    advise`fix there what the message names, then ${AGAIN}`,
    { detail: failed.length === 1 ? [] : failed },
  );
}

/** Without propagation, and in words of our own alone. As a literal: a name may contain any dollar quote. */
function block(body: string): string {
  return `DO ${quoteLiteral(`DECLARE statement text; pass int;
     BEGIN
       PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
       PERFORM set_config('client_min_messages', 'error', true);
       ${body}
     END`)}`;
}

/** Those that are still there. The conversions of names give NULL for what isn't. */
async function findLeft(
  session: Session,
  endpoint: Endpoint,
  leftovers: readonly Leftover[],
): Promise<Leftover[]> {
  if (leftovers.length === 0) return [];
  const rows = leftovers.map(({ kind, name }) => `(${quoteLiteral(kind)}, ${quoteLiteral(name)})`);
  const value = await onWorker(
    session,
    endpoint,
    `SELECT coalesce(json_agg(l), '[]')::text FROM (VALUES ${rows.join(", ")}) l(kind, name) WHERE CASE kind
       WHEN 'SCHEMA' THEN to_regnamespace(name) IS NOT NULL
       WHEN 'TYPE' THEN to_regtype(name) IS NOT NULL
       WHEN 'ROUTINE' THEN to_regprocedure(name) IS NOT NULL
       WHEN 'COLLATION' THEN to_regcollation(name) IS NOT NULL
       WHEN 'PUBLICATION' THEN EXISTS (SELECT FROM pg_publication WHERE quote_ident(pubname) = name)
       WHEN 'SERVER' THEN EXISTS (SELECT FROM pg_foreign_server WHERE quote_ident(srvname) = name)
       WHEN 'TEXT SEARCH CONFIGURATION' THEN EXISTS (SELECT FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
         WHERE format('%I.%I', nspname, cfgname) = name)
       WHEN 'TEXT SEARCH DICTIONARY' THEN EXISTS (SELECT FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
         WHERE format('%I.%I', nspname, dictname) = name)
       ELSE to_regclass(name) IS NOT NULL END`,
  );
  return JSON.parse(value ?? "[]") as Leftover[];
}

/** @returns why it can't be dropped; undefined where something depends on it, or it is gone by now */
async function dropOne(
  session: Session,
  endpoint: Endpoint,
  leftover: Leftover,
): Promise<string | undefined> {
  const [answer] = await runOnNodes(
    session,
    [endpoint],
    [
      block(`EXECUTE ${quoteLiteral(dropOf(leftover))};
       EXCEPTION WHEN dependent_objects_still_exist THEN NULL;`),
    ],
  );
  if (answer !== undefined && "value" in answer) return undefined;
  return answer?.error ?? "no answer";
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
    `${formatEndpoint(endpoint)} could not be emptied: ${answer?.error ?? "no answer"}`,
    advise`${remedyForSetting(answer?.error ?? "") ?? "check that it is up, and its log"}; then ${AGAIN}`,
  );
}
