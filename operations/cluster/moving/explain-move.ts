import type { Cluster } from "../../../model/cluster";
import { Failure, oneLine } from "../../base/failure";
import { remedyForWords } from "../nodes/node-failure";
import { readView } from "../nodes/read-view";
import { isRegistered } from "../nodes/view";
import type { Session } from "../connection/session";
import { SQLSTATE, sqlStateOf } from "../connection/sqlstate";
import { describeSetting, readNodeSettings, undoSettings } from "./node-settings";
import type { MovingNode } from "./watcher";
import { AGAIN, type Remedy, advise } from "../../base/remedy";

/** By which a session that Citus opened on a node is ended, or can't work, because of that node's settings. */
const BY_SETTING: readonly string[] = [
  SQLSTATE.queryCanceled,
  SQLSTATE.idleInTransactionTimeout,
  SQLSTATE.transactionTimeout,
  SQLSTATE.idleSessionTimeout,
  SQLSTATE.readOnlyTransaction,
  SQLSTATE.connectionFailure,
];

/** How the messages of those read in a job of Citus' background, which keeps no code. */
const SETTING_WORDS =
  /due to statement timeout|due to (?:idle-in-transaction|transaction|idle-session) timeout|read-only transaction|terminating connection|server closed the connection/;

/** What to do about a move of Citus' background that failed, of which there are only the words. */
export async function remedyForJob(message: string, session: Session, cluster: Cluster): Promise<Remedy> {
  const nodes = (await readView(session, cluster)).filter(isRegistered);
  if (SETTING_WORDS.test(message)) {
    const settings = await readNodeSettings(
      session,
      nodes.map(({ label, registered }) => ({ ...registered, label })),
    );
    if (settings.length > 0) {
      const told = settings.map((setting) => `on ${setting.node} ${describeSetting(setting)}`);
      return `${told.join(", ")}: ${undoSettings(settings)}`;
    }
  }
  const known = nodes.map(({ label, endpoint }) => ({ id: label, endpoint }));
  return remedyForWords(message, { ...cluster, nodes: known });
}

/**
 * Why a move failed, with what can be told beyond Citus' own words. Our session has no limits, so that what was cut off by one
 * is a session between nodes.
 */
export async function explainMove(
  error: unknown,
  name: string,
  session: Session,
  members: readonly MovingNode[],
  environment: string,
): Promise<Failure> {
  const { where } = (error ?? {}) as { where?: string };
  const at = where === undefined ? "" : ` (${oneLine(where)})`;
  const summary = `moving ${name} failed: ${oneLine(error)}${at}`;
  if (BY_SETTING.includes(sqlStateOf(error) ?? "")) {
    const settings = await readNodeSettings(session, members);
    if (settings.length > 0) {
      return new Failure(
        `${summary}; ${settings.map((setting) => `on ${setting.node} ${describeSetting(setting)}`).join(", ")}`,
        advise`${undoSettings(settings)}; then ${AGAIN}: what was moved stays moved`,
        { cause: error },
      );
    }
  }
  const nodes = members.map(({ label, endpoint }) => ({ id: label, endpoint }));
  const remedy = remedyForWords(`${oneLine(error)}${at}`, { ...session.place, environment, nodes });
  return new Failure(summary, advise`${remedy}; then ${AGAIN}: what was moved stays moved`, { cause: error });
}
