import type { Endpoint } from "../../../model/cluster";
import { formatEndpoint } from "../../../model/cluster";
import type { Problem } from "../../base/failure";
import type { Session } from "../../cluster/connection/session";
import { explainConnection } from "../../cluster/nodes/connection-cause";
import { connectionCauses, withCauses } from "../../cluster/nodes/reachability";

export interface Matrix {
  readonly pairs: number;
  readonly healthy: number;
  /** One per pair of an unreachable target, and one per node that couldn't be asked. */
  readonly problems: readonly Problem[];
}

/**
 * Lets every active node connect to every one, itself included. Citus answers false where the target wasn't reached and
 * NULL where the source wasn't: both are failures.
 *
 * @param nameOf the name of an endpoint in the output
 */
export async function checkMatrix(session: Session, nameOf: (endpoint: Endpoint) => string): Promise<Matrix> {
  return await withCauses(session, async () => {
    const rows = await session.query<Pair>(
      `SELECT from_nodename AS from_host, from_nodeport AS from_port, to_nodename AS to_host, to_nodeport AS to_port, result
         FROM citus_check_cluster_node_health() ORDER BY 1, 2, 3, 4`,
    );
    const causes = connectionCauses(session.takeMessages());
    const problems: Problem[] = [];
    const unasked = new Set<string>();
    for (const row of rows.filter(({ result }) => result !== true)) {
      const from = { host: row.from_host, port: row.from_port };
      const to = { host: row.to_host, port: row.to_port };
      const source = formatEndpoint(from);
      const target = formatEndpoint(to);
      if (row.result === null) {
        if (unasked.has(source)) continue;
        unasked.add(source);
        const cause = causes.find((known) => known.to === source);
        problems.push({
          node: nameOf(from),
          ...explainConnection(cause?.cause, "the coordinator", source, session.place),
        });
      } else {
        const cause = causes.find((known) => known.to === target && known.from === source);
        problems.push({
          node: nameOf(to),
          ...explainConnection(cause?.cause, nameOf(from), target, session.place),
        });
      }
    }
    return { pairs: rows.length, healthy: rows.filter(({ result }) => result === true).length, problems };
  });
}

interface Pair {
  readonly from_host: string;
  readonly from_port: number;
  readonly to_host: string;
  readonly to_port: number;
  readonly result: boolean | null;
}
