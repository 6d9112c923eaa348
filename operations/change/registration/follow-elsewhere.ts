import type { Cluster, ClusterNode, Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { coordinatorOf, workersOf } from "../../cluster/cluster-file";
import { Failure, oneLine } from "../../base/failure";
import { placeInDatabase } from "../../base/place";
import { quoteName } from "../../base/shown-words";
import {
  type CitusDatabase,
  remedyForUnreadable,
  withOtherDatabases,
} from "../../cluster/holdings/other-databases";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import { waitForMetadata } from "./metadata-sync";
import { remedyForWords } from "../../cluster/nodes/node-failure";
import { COORDINATOR_GROUP, type RegisteredNode, sameEndpoint } from "../../cluster/nodes/registered";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import { AGAIN, advise } from "../../base/remedy";

const GROUP = "SELECT groupid::text FROM pg_dist_local_group";

/** A node of another database, and where the environment has its server by now. */
interface ChangeElsewhere {
  readonly row: RegisteredNode;
  readonly to: Endpoint;
}

/**
 * A changed endpoint holds for every database of the server. Other databases with Citus have the old one registered, and
 * nobody else would tell them: where the node that they mean no longer answers there, and does where the environment has
 * it, it is moved there too. Which node it is, it says itself: its group in that very database.
 *
 * @param before where the coordinator was registered until now
 * @returns whether anything was changed
 * @throws Failure with the database where that failed
 */
export async function followElsewhere(
  session: Session,
  cluster: Cluster,
  progress: Progress,
  before?: Endpoint,
): Promise<boolean> {
  const follow = async (databases: readonly CitusDatabase[]) => {
    let changed = false;
    for (const database of databases) {
      const changes = await findChanges(database, cluster, before);
      if (changes.length === 0) continue;
      try {
        await changeThere(database, changes);
      } catch (error) {
        throw new Failure(
          `changed endpoints could not be set in the Citus database ${quoteName(database.name)}: ${oneLine(error)}`,
          advise`${remedyForWords(oneLine(error), { ...cluster, ...placeInDatabase(cluster, database.name) })}; then ${AGAIN}`,
          { cause: error },
        );
      }
      changed = true;
      for (const { row, to } of changes)
        progress(
          `in database ${quoteName(database.name)}: ${formatEndpoint(row.endpoint)} is now ${formatEndpoint(to)}`,
        );
    }
    return changed;
  };
  return withOtherDatabases(session, follow, (name, why) =>
    progress(
      advise`in database ${quoteName(name)}: Citus does not work (${why}): ${remedyForUnreadable(name, why)}`,
    ),
  );
}

async function findChanges(
  { session, registered }: CitusDatabase,
  cluster: Cluster,
  before: Endpoint | undefined,
): Promise<ChangeElsewhere[]> {
  const groupsAt = async (endpoints: readonly Endpoint[]) => {
    const answers = await runOnNodes(
      session,
      endpoints,
      endpoints.map(() => GROUP),
    );
    return answers.map((answer) => ("value" in answer ? Number(answer.value) : undefined));
  };
  const workers = registered.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  const now = await groupsAt(workers.map(({ endpoint }) => endpoint));
  const lost = workers.filter(({ groupid }, index) => now[index] !== groupid);
  const wanted = workersOf(cluster).map(({ endpoint }) => endpoint);
  const there = lost.length === 0 ? [] : await groupsAt(wanted);
  const changes = lost.flatMap((row): ChangeElsewhere[] => {
    const to = wanted[there.indexOf(row.groupid)];
    return to === undefined || sameEndpoint(to, row.endpoint) ? [] : [{ row, to }];
  });
  return [...changes, ...coordinatorChange(registered, coordinatorOf(cluster), before)];
}

/** It is the one that this session is on. By a name of people's own it may well be reached: only our old one is followed. */
function coordinatorChange(
  registered: readonly RegisteredNode[],
  { endpoint: to }: ClusterNode,
  before: Endpoint | undefined,
): ChangeElsewhere[] {
  const row = registered.find(({ groupid }) => groupid === COORDINATOR_GROUP);
  const moved = row !== undefined && before !== undefined && sameEndpoint(row.endpoint, before);
  return !moved || sameEndpoint(row.endpoint, to) ? [] : [{ row, to }];
}

/** As `changeEndpoints` does it: two may swap, so those in the way step aside. */
async function changeThere({ session }: CitusDatabase, changes: readonly ChangeElsewhere[]): Promise<void> {
  const update = async (nodeid: number, { host, port }: Endpoint) =>
    void (await session.query("SELECT citus_update_node($1::int, $2::text, $3::int)", [nodeid, host, port]));
  await session.transaction(async () => {
    await session.query("SET LOCAL lock_timeout = '30s'");
    for (const { row } of changes)
      if (changes.some(({ to }) => sameEndpoint(to, row.endpoint)))
        await update(row.nodeid, { host: `pgdist-moving-${row.nodeid}`, port: 5432 });
    for (const { row, to } of changes) await update(row.nodeid, to);
  });
  await waitForMetadata(session);
}
