import { formatEndpoint } from "../../../../model/cluster";
import type { ClusterNode } from "../../../../model/cluster";
import { sameEndpoint } from "../../../cluster/nodes/registered";
import { explainConnection } from "../../../cluster/nodes/connection-cause";
import { type Finding, failed, ok, skipped } from "../finding";
import type { InsideInspection, Reached, Inspection } from "../inspection";
import { isUnreachable } from "../inspection";
import { type InsideCheck, standingStill } from "./check";

/** Connections from inside a node's container to every endpoint: by psql with the cluster's password, then by Citus. */
export const checkReachability: InsideCheck = ({ node, inside }, inspection) => {
  const place = { check: "reachability", where: node.id };
  const down = standingStill(inspection);
  const tried = inside.reached.flatMap((reached) => {
    const target = inspection.cluster.nodes.find(({ endpoint }) => sameEndpoint(endpoint, reached.endpoint));
    return target === undefined || down.includes(target) ? [] : [{ reached, target }];
  });
  const findings = tried.flatMap(({ reached, target }) => judge(node, inside, target, reached, inspection));
  const untried = tried.filter(({ reached }) => reached.untried);
  if (untried.length > 0) {
    const ids = untried.map(({ target }) => target.id).join(", ");
    return [
      ...findings,
      skipped(place, `the time ran out before it tried ${ids}: allow more with --timeout`),
    ];
  }
  if (findings.length > 0) return findings;
  const which = down.length === 0 ? `all ${tried.length} nodes` : `all ${tried.length} nodes that run`;
  const byCitus = tried.every(({ reached }) => reached.citus === true) ? ", also by Citus" : "";
  // Whom Citus reaches with other credentials was not tried with the password.
  const how = inside.citus?.credentials === "stored" ? `with the password${byCitus}` : "by Citus";
  return [ok(place, `reaches ${which} ${how}`)];
};

function judge(
  node: ClusterNode,
  inside: InsideInspection,
  target: ClusterNode,
  reached: Reached,
  inspection: Inspection,
): Finding[] {
  const place = { check: "reachability", where: node.id };
  const endpoint = formatEndpoint(reached.endpoint);
  if (reached.failure !== undefined) {
    // The check of names says it once.
    if (inside.names.has(target.endpoint.host) && inside.names.get(target.endpoint.host) === undefined)
      return [];
    const { what, remedy } = explainConnection(reached.failure, node.id, endpoint, inspection.cluster);
    return [failed(place, `${target.id}: ${what}`, remedy)];
  }
  const there = inspection.nodes.find((each) => each.node.id === target.id)?.inside;
  const own = there === undefined || isUnreachable(there) ? undefined : there.citus?.server_id;
  if (own !== undefined && reached.serverId !== undefined && own !== reached.serverId) {
    const address = inside.names.get(target.endpoint.host) ?? target.endpoint.host;
    return [
      failed(
        place,
        `${endpoint} leads to another server than ${target.id} from here (${address})`,
        "correct what this name resolves to in the container, or `address` and `port`",
      ),
    ];
  }
  if (reached.citus === false && hasWorkingCitus(inside)) {
    const { what, remedy } = explainConnection(
      reached.citusFailure,
      `Citus on ${node.id}`,
      endpoint,
      inspection.cluster,
    );
    return [failed(place, `${target.id}: psql reaches it, Citus does not: ${what}`, remedy)];
  }
  return [];
}

/** With another password stored, or another library than extension, it reaches nobody: other checks say that once. */
function hasWorkingCitus({ citus, server }: InsideInspection): boolean {
  return citus?.credentials === "stored" && !isUnreachable(server) && server.extension === citus.wanted;
}
