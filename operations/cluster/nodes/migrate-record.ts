import { EXIT, Failure } from "../../base/failure";
import type { Session } from "../connection/session";
import { SQLSTATE, sqlStateOf } from "../connection/sqlstate";
import { LOCK_KEY } from "./lock";
import { MIGRATIONS } from "./migrations";
import { AGAIN, type Remedy, advise } from "../../base/remedy";

/** The version of the tables that this program makes. */
const RECORD_VERSION = Math.max(...MIGRATIONS.map(({ number }) => number));

/** How long another run may hold the cluster's lock while the tables are changed, where the caller has none yet. */
const LOCK_TIMEOUT = "10s";

/** The version of the tables in schema pgdist; 0 where there are none, or a program made them that knew no versions. */
export async function readRecordVersion(session: Session): Promise<number> {
  const [there] = await session.query<{ migrations: boolean }>(
    "SELECT to_regclass('pgdist.migration') IS NOT NULL AS migrations",
  );
  if (there?.migrations !== true) return 0;
  const [row] = await session.query<{ version: number }>(
    "SELECT coalesce(max(number), 0) AS version FROM pgdist.migration",
  );
  return row?.version ?? 0;
}

/** What is wrong with a program that is older than the tables, and what to do; undefined for one that isn't. */
export function explainNewer(
  version: number,
): { readonly what: string; readonly remedy: Remedy } | undefined {
  if (version <= RECORD_VERSION) return undefined;
  return {
    what: `has tables in schema pgdist of version ${version}, and this program knows them up to version ${RECORD_VERSION}`,
    remedy: "a newer pg-dist has worked on this cluster: update pg-dist here to that version",
  };
}

/**
 * Brings the tables in schema pgdist to this program's version: all that is missing in one transaction, under the cluster's
 * lock. Only on the coordinator: Citus propagates neither them nor their schema. What only reads never calls it: it
 * reads tables of any version, also of a newer one, as migrations only add.
 *
 * @throws Failure (refused) where they are of a newer version; where another run holds the lock
 */
export async function prepareRecord(session: Session): Promise<void> {
  if ((await currentVersion(session)) === RECORD_VERSION) return;
  try {
    await session.transaction(() => migrate(session));
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.lockNotAvailable) throw error;
    throw new Failure(
      `the tables in schema pgdist can't be migrated to version ${RECORD_VERSION}: another run works on the cluster`,
      advise`wait for it and ${AGAIN}`,
      { cause: error },
    );
  }
}

/** @throws Failure (refused) where the tables are newer than this program */
async function currentVersion(session: Session): Promise<number> {
  const version = await readRecordVersion(session);
  const newer = explainNewer(version);
  if (newer === undefined) return version;
  throw new Failure(`the coordinator ${newer.what}`, newer.remedy, { exitCode: EXIT.refused });
}

async function migrate(session: Session): Promise<void> {
  await session.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  // At once where this session has it already.
  await session.query("SELECT pg_advisory_xact_lock($1::bigint)", [LOCK_KEY]);
  await session.query("SET LOCAL citus.enable_ddl_propagation = off");
  await session.query("SET LOCAL citus.enable_schema_based_sharding = off");
  await session.query("CREATE SCHEMA IF NOT EXISTS pgdist");
  await session.query(
    `CREATE TABLE IF NOT EXISTS pgdist.migration (
       number int PRIMARY KEY,
       name text NOT NULL,
       applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  await session.query(
    "COMMENT ON TABLE pgdist.migration IS 'Changes of the tables in this schema; the highest number is their version'",
  );
  // Again, now that nobody else changes it.
  const version = await currentVersion(session);
  for (const { number, name, statements } of MIGRATIONS.filter((each) => each.number > version)) {
    for (const statement of statements) await session.query(statement);
    await session.query("INSERT INTO pgdist.migration (number, name) VALUES ($1, $2)", [number, name]);
  }
}
