import type { Session } from "../connection/session";
import { askNodes } from "./ask-nodes";
import type { Ask } from "./read-view";

/** Part of a node's time that those have on top of it who aren't recorded, to say who they are. */
const SHARE = 0.1;

/**
 * For a command that only reads, and is to show what there is in time.
 *
 * @param timeoutMs what one node may take to answer
 */
export function askWho(timeoutMs: number): Ask {
  return (session, endpoints, statement) =>
    withLimitsKept(session, () => askNodes(session, endpoints, statement, timeoutMs * SHARE));
}

/** What is asked after this has limits of its own. */
async function withLimitsKept<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  const [before] = await session.query<{ statement: string; connect: string }>(
    "SELECT current_setting('statement_timeout') AS statement, current_setting('citus.node_connection_timeout') AS connect",
  );
  try {
    return await work();
  } finally {
    await session.query(
      "SELECT set_config('statement_timeout', $1::text, false), set_config('citus.node_connection_timeout', $2::text, false)",
      [before?.statement ?? "0", before?.connect ?? "30s"],
    );
  }
}
