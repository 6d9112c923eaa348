import { formatEndpoint } from "../../model/cluster";
import { coordinatorOf } from "../cluster/cluster-file";
import { EXIT, Failure } from "../base/failure";
import { isNamedAsAnother } from "../../model/contract/server-name";
import type { Session } from "../cluster/connection/session";
import { SQLSTATE, sqlStateOf } from "../cluster/connection/sqlstate";
import type { ServerFacts, Target } from "../cluster/connection/target";

const FACTS = `SELECT current_setting('citus.version') AS citus,
       split_part(current_setting('server_version'), ' ', 1) AS postgres,
       (SELECT groupid FROM pg_dist_local_group) AS groupid,
       current_setting('cluster_name') AS cluster_name,
       to_regnamespace('citus_stand_in') IS NOT NULL AS stand_in`;

/** No question runs longer than one node may take; a change lifts that while it works. */
async function limitStatements(session: Session, timeoutMs: number): Promise<void> {
  await session.query("SELECT set_config('statement_timeout', $1::text, false)", [
    `${Math.ceil(timeoutMs)}ms`,
  ]);
}

/**
 * Whether this is the coordinator that was meant.
 *
 * @throws Failure when the database has no Citus, or when it is a worker or another cluster (refused)
 */
export async function checkServer(session: Session, target: Target): Promise<ServerFacts> {
  await limitStatements(session, target.timeoutMs);
  const facts = await readFacts(session, target);
  const { cluster } = target;
  const reached = `the server reached by ${session.way.description}`;
  const refuse = (what: string): never => {
    throw new Failure(
      `${reached} ${what}`,
      "see what this address leads to from here, or choose a way with --via",
      {
        exitCode: EXIT.refused,
      },
    );
  };
  if (facts.groupid !== 0) refuse(`is a worker (group ${facts.groupid}), not the coordinator`);
  if (cluster !== undefined) {
    const { id } = coordinatorOf(cluster);
    if (isNamedAsAnother(facts.cluster_name, cluster.name, id)) {
      refuse(`is "${facts.cluster_name}", not the coordinator ${id} of ${cluster.name}`);
    }
  }
  return facts;
}

async function readFacts(session: Session, { database, coordinator }: Target): Promise<ServerFacts> {
  try {
    const [facts] = await session.query<ServerFacts>(FACTS);
    return facts as ServerFacts;
  } catch (error) {
    const state = sqlStateOf(error);
    if (state !== SQLSTATE.undefinedTable && state !== SQLSTATE.undefinedObject) throw error;
    throw new Failure(
      `database ${database} of ${formatEndpoint(coordinator)} has no Citus extension`,
      "name the database that has it, or CREATE EXTENSION citus there",
      { cause: error },
    );
  }
}
