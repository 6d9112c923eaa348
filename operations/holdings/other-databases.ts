import { oneLine } from "../failure";
import { type RegisteredNode, readRegistered } from "../registration/pg-dist-node";
import { limitNodeConnections } from "../registration/reachability";
import type { Session } from "../session";

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
 */
export async function withOtherDatabases<Result>(
  session: Session,
  work: (
    databases: readonly CitusDatabase[],
    unopened: readonly { name: string; why: string }[],
  ) => Promise<Result>,
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
      await limitNodeConnections(own);
      const shards = await own.query<{ groupid: number; shards: number }>(SHARDS);
      opened.push({
        name,
        session: own,
        registered: await readRegistered(own),
        shards: new Map(shards.map((row) => [row.groupid, row.shards])),
      });
    }
    return await work(opened, unopened);
  } finally {
    await Promise.all(opened.map((database) => database.session.end()));
  }
}

async function hasCitus(session: Session): Promise<boolean> {
  const [row] = await session.query<{ there: boolean }>(
    "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS there",
  );
  return row?.there === true;
}

/** The other databases with Citus by name, with how many shards each has. One that can't be opened is left out. */
export async function readOtherDatabases(session: Session): Promise<{ name: string; shards: number }[]> {
  return withOtherDatabases(session, async (databases) =>
    databases.map(({ name, shards }) => ({
      name,
      shards: [...shards.values()].reduce((sum, count) => sum + count, 0),
    })),
  );
}
