import { isOwnApplication } from "../../../model/contract/application-name";
import type { Caller } from "../../base/caller/caller";
import type { Cluster } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import { connect } from "../../cluster/connection/connect";
import { Failure, oneLine } from "../../base/failure";
import { LOCK_KEY } from "../../cluster/nodes/lock";
import type { Progress } from "../../base/progress";
import { WrongCoordinator, checkCoordinator } from "../../cluster/nodes/check-coordinator";
import type { Session } from "../../cluster/connection/session";
import type { CoordinatorAnswer } from "./situation";

/** How long a coordinator that is starting is waited for, in seconds. */
const PATIENCE = 30;

/** What the coordinator says, and the session that asked: it holds the cluster's lock, unless someone else does. */
export interface Asked {
  readonly answer: CoordinatorAnswer;
  readonly session?: Session;
}

/** Asks the coordinator which nodes belong to the cluster, and who works on it. */
export async function askCoordinator(cluster: Cluster, progress: Progress, caller: Caller): Promise<Asked> {
  let session: Session;
  try {
    session = await connect(cluster, { command: "recover", progress, caller, patience: PATIENCE });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { answer: { kind: "silent", cause: error.summary } };
  }
  try {
    return { answer: await ask(session, cluster), session };
  } catch (error) {
    await session.end();
    // Whoever is older than the tables changes nothing at all.
    if (error instanceof WrongCoordinator && error.code === "newer-record") throw error;
    // Another server's list of nodes says nothing of this cluster's.
    const cause = error instanceof Failure ? error.summary : session.redact(oneLine(error));
    return { answer: { kind: "silent", cause } };
  }
}

async function ask(session: Session, cluster: Cluster): Promise<CoordinatorAnswer> {
  const { record } = await checkCoordinator(session, cluster, "change");
  const [lock] = await session.query<{ taken: boolean }>("SELECT pg_try_advisory_lock($1::bigint) AS taken", [
    LOCK_KEY,
  ]);
  const nodes = await session.query<{ host: string; port: number }>(
    "SELECT nodename AS host, nodeport AS port FROM pg_dist_node",
  );
  const programs = await session.query<{ text: string }>(
    `SELECT format('%s (since %s, process %s on the coordinator)', application_name,
                   to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'), pid) AS text
       FROM pg_stat_activity
      WHERE ${isOwnApplication("application_name")} AND pid <> pg_backend_pid()
      ORDER BY backend_start`,
  );
  const running = programs.map(({ text }) => text);
  if (lock?.taken !== true && running.length === 0) running.push("a session that holds the cluster's lock");
  return { kind: "answered", registered: nodes.map(formatEndpoint), recorded: [...record.keys()], running };
}
