import { Failure, oneLine } from "../failure";
import type { Session } from "../session";
import { SQLSTATE, sqlStateOf } from "../sqlstate";
import { describeSetting, readNodeSettings, undoSettings } from "./node-settings";
import type { MovingNode } from "./watcher";

/** By which a session that Citus opened on a node is ended, or can't work, because of that node's settings. */
const BY_SETTING: readonly string[] = [
  SQLSTATE.queryCanceled,
  SQLSTATE.idleInTransactionTimeout,
  SQLSTATE.transactionTimeout,
  SQLSTATE.idleSessionTimeout,
  SQLSTATE.readOnlyTransaction,
  SQLSTATE.connectionFailure,
];

/**
 * Why a move failed, with what can be told beyond Citus' own words. Our session has no limits, so that what was cut off by one
 * is a session between nodes.
 */
export async function explainMove(
  error: unknown,
  name: string,
  session: Session,
  members: readonly MovingNode[],
): Promise<Failure> {
  const { where } = (error ?? {}) as { where?: string };
  const at = where === undefined ? "" : ` (${oneLine(where)})`;
  const summary = `moving ${name} failed: ${oneLine(error)}${at}`;
  if (BY_SETTING.includes(sqlStateOf(error) ?? "")) {
    const settings = await readNodeSettings(session, members);
    if (settings.length > 0) {
      return new Failure(
        `${summary}; ${settings.map((setting) => `on ${setting.node} ${describeSetting(setting)}`).join(", ")}`,
        `${undoSettings(settings)}; then apply again: it goes on`,
        { cause: error },
      );
    }
  }
  return new Failure(summary, "see to the cause, then apply again: it goes on", { cause: error });
}
