import { Failure, oneLine } from "../../base/failure";
import { quoteName } from "../../base/shown-words";
import { type RegisteredNode, readRegistered } from "../nodes/registered";
import { limitNodeConnections } from "../nodes/reachability";
import type { Session } from "../connection/session";
import type { Remedy } from "../../base/remedy";
import { extensionRemedy } from "../nodes/remedies";

/** Another database of the coordinator that has Citus: in its metadata a cluster of its own, on the same servers. */
export interface CitusDatabase {
  readonly name: string;
  /** A session there; it ends with the look. */
  readonly session: Session;
  readonly registered: readonly RegisteredNode[];
  /** Shards, copies of reference tables left out, by the group of their node. */
  readonly shards: ReadonlyMap<number, number>;
}

/** The template that every CREATE DATABASE copies, which fails while somebody is connected to it. */
const OTHERS = `SELECT datname AS name FROM pg_database
  WHERE datallowconn AND datname NOT IN (current_database(), 'template0', 'template1') ORDER BY datname`;

const SHARDS = `SELECT p.groupid, count(*)::int AS shards
  FROM pg_dist_partition t JOIN pg_dist_shard USING (logicalrelid) JOIN pg_dist_placement p USING (shardid)
 WHERE NOT (t.partmethod = 'n' AND t.repmodel = 't') GROUP BY p.groupid`;

/**
 * Looks at the other databases of the coordinator that have Citus, by sessions of their own.
 *
 * @param work is given those, and the ones that couldn't be opened with the reason
 * @param onUnreadable is told of one that Citus doesn't work in, as where its extension is older than the library
 * @throws Failure that names such a one, unless that is told
 */
export async function withOtherDatabases<Result>(
  session: Session,
  work: (
    databases: readonly CitusDatabase[],
    unopened: readonly { name: string; why: string }[],
  ) => Promise<Result>,
  onUnreadable?: (name: string, why: string) => void,
): Promise<Result> {
  const opened: CitusDatabase[] = [];
  const unopened: { name: string; why: string }[] = [];
  try {
    for (const { name } of await session.query<{ name: string }>(OTHERS)) {
      let own: Session;
      try {
        own = await session.openIn(name);
      } catch (error) {
        unopened.push({ name, why: session.redact(oneLine(error)) });
        continue;
      }
      if (!(await hasCitus(own))) {
        await own.end();
        continue;
      }
      try {
        opened.push(await readDatabase(name, own));
      } catch (error) {
        await own.end();
        const why = session.redact(oneLine(error));
        if (onUnreadable === undefined) {
          throw new Failure(
            `the Citus database ${quoteName(name)} on these servers can't be read: ${why}`,
            remedyForUnreadable(name, why),
          );
        }
        onUnreadable(name, why);
      }
    }
    return await work(opened, unopened);
  } finally {
    await Promise.all(opened.map((database) => database.session.end()));
  }
}

async function readDatabase(name: string, session: Session): Promise<CitusDatabase> {
  await limitNodeConnections(session);
  // As any of Citus' functions it refuses where the extension is older than the library; its tables can be read all the same.
  await session.query("SELECT citus_backend_gpid()");
  const shards = await session.query<{ groupid: number; shards: number }>(SHARDS);
  return {
    ...{ name, session },
    registered: await readRegistered(session),
    shards: new Map(shards.map((row) => [row.groupid, row.shards])),
  };
}

/** What to do about a database that can't be opened, with Citus or without. */
export const UNOPENED_REMEDY =
  "fix there what that names (the coordinator's log has it too); if it has Citus, all of its queries fail until then";

/** What to do about a database whose metadata can't be read. */
export function remedyForUnreadable(name: string, why: string): Remedy {
  return /library version differs|installed extension version/.test(why)
    ? extensionRemedy(`in database ${quoteName(name)} of every node`)
    : `mend what that names: SELECT from pg_dist_node, pg_dist_shard and pg_dist_placement by psql, as superuser, in database ${quoteName(name)} ` +
        "of the coordinator; its log has more";
}

async function hasCitus(session: Session): Promise<boolean> {
  const [row] = await session.query<{ there: boolean }>(
    "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS there",
  );
  return row?.there === true;
}

/**
 * The other databases with Citus by name, with how many shards each has: 0 where that can't be read. One that can't be opened is
 * left out.
 */
export async function readOtherDatabases(session: Session): Promise<{ name: string; shards: number }[]> {
  const unreadable: { name: string; shards: number }[] = [];
  return withOtherDatabases(
    session,
    async (databases) => [
      ...databases.map(({ name, shards }) => ({
        name,
        shards: [...shards.values()].reduce((sum, count) => sum + count, 0),
      })),
      ...unreadable,
    ],
    (name) => unreadable.push({ name, shards: 0 }),
  );
}
