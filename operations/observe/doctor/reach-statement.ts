import type { Endpoint } from "../../../model/cluster";
import { quoteLiteral } from "../../cluster/nodes/run-on-nodes";

/** Part of the time of the statement that its connections may take; and the part of what is left that one of them may. */
const SHARE = { all: 0.8, connect: 0.25 };

/** At least what a node nearby needs to be connected to. In milliseconds. */
const LEAST_CONNECT_MS = 50;

/**
 * A row `both, host, port, server id` for each endpoint that Citus on the node itself connects to, with the credentials that
 * it has stored. Citus connects to one after the other: silent ones leave the others their turn.
 *
 * @param patienceMs how long the statement may take
 */
export function reachStatement(endpoints: readonly Endpoint[], patienceMs: number): string {
  const rows = endpoints.map(({ host, port }, index) => `(${index}, ${quoteLiteral(host)}, ${port})`);
  const left = `${patienceMs * SHARE.all} - extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000`;
  const share = `(${left}) * ${SHARE.connect}`;
  const ask = quoteLiteral("SELECT metadata->>'server_id' FROM pg_dist_node_metadata");
  return `SELECT 'both', host, port, r.result
            FROM (VALUES ${rows.join(", ")}) peer(n, host, port),
                 LATERAL (SELECT set_config('citus.node_connection_timeout',
                            greatest(${LEAST_CONNECT_MS}, ${share})::int::text, true) AS ms OFFSET 0) patience,
                 LATERAL master_run_on_worker(CASE WHEN ms <> '' THEN ARRAY[host] END, ARRAY[port], ARRAY[${ask}], true) r
           WHERE r.success`;
}
