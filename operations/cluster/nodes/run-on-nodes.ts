import type { Endpoint } from "../../../model/cluster";
import type { Session } from "../connection/session";
import { immune } from "./immune-statement";

/** What one node answered: the single value of its single row, or why it didn't. */
export type Answer =
  | { readonly value: string | null }
  | {
      /** Citus' text without the cause: `failed to connect to H:P`, or the error of the statement. */
      readonly error: string;
      /** Whether the node was reached at all. */
      readonly connected: boolean;
    };

/**
 * Runs a statement on many nodes at once, through the coordinator. Unlike `run_command_on_workers` this reaches nodes
 * that are not registered yet. The statement must give one row with one column; it runs outside of the session's
 * transaction, and where it can be had (see `immune`) whatever that node's database, role and files set.
 *
 * @param statements one per endpoint
 */
export async function runOnNodes(
  session: Session,
  endpoints: readonly Endpoint[],
  statements: readonly string[],
): Promise<Answer[]> {
  if (endpoints.length === 0) return [];
  const rows = await session.query<{ success: boolean; result: string | null }>(
    // In the order of the arguments, which pairs nodes with statements.
    "SELECT success, result FROM master_run_on_worker($1::text[], $2::int[], $3::text[], true)",
    [endpoints.map(({ host }) => host), endpoints.map(({ port }) => port), statements.map(immune)],
  );
  return endpoints.map((_endpoint, index) => {
    const row = rows[index];
    if (row === undefined) return { error: "no answer", connected: false };
    if (row.success) return { value: row.result };
    const error = row.result ?? "no answer";
    return { error: error.replace(/^ERROR:\s+/, ""), connected: !error.startsWith("failed to connect") };
  });
}

export { quoteLiteral } from "../connection/quote-literal";
