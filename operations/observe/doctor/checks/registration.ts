import { type Cluster, type ClusterNode, formatEndpoint } from "../../../../model/cluster";
import { type Finding, failed, ok, skipped, warning } from "../finding";
import { runs } from "../container-runs";
import { viewRegistered } from "../registered-nodes";
import { type NodeInspection, type Inspection, isInspected } from "../inspection";
import { type Remedy, advise, commandIn, deployOf } from "../../../base/remedy";
import { inactiveRemedy, unsyncedRemedy } from "../../../cluster/nodes/remedies";

/** What the coordinator has registered against what is declared. */
export function checkRegistration({ cluster, nodes, registered }: Inspection): Finding[] {
  const everywhere = { check: "registration", where: cluster.environment };
  if (registered === undefined)
    return [skipped(everywhere, "the coordinator could not be asked what is registered")];
  const view = viewRegistered(cluster, registered);
  const findings: Finding[] = [];
  for (const node of cluster.nodes) {
    const place = { check: "registration", where: node.id };
    const endpoint = formatEndpoint(node.endpoint);
    const known = view.find(({ declared }) => declared === node);
    const row = known?.registered;
    const leaving = known?.recorded?.leaving ?? undefined;
    if (row === undefined)
      findings.push(
        failed(
          place,
          `${endpoint} is not registered`,
          registrationRemedy(cluster, node, nodes.find((each) => each.node.id === node.id)?.container),
        ),
      );
    else if (known?.movesTo !== undefined) {
      findings.push(
        failed(
          place,
          `it is registered at ${formatEndpoint(row)}, and the environment has it at ${endpoint}`,
          registrationRemedy(cluster, node, nodes.find((each) => each.node.id === node.id)?.container),
        ),
      );
    } else if (!row.isactive) {
      findings.push(
        failed(
          place,
          `it is disabled (citus_disable_node): no query reaches its ${row.placements} shard placements`,
          inactiveRemedy(row),
        ),
      );
    } else if (!row.metadatasynced) {
      findings.push(failed(place, "its metadata is not in sync", unsyncedRemedy(row)));
    } else if (leaving !== undefined && registered.draining) {
      findings.push(ok(place, `it is ${leavingNow(leaving, row)}`));
    } else if (leaving !== undefined) {
      findings.push(
        warning(
          place,
          `it is marked as leaving since ${leaving.slice(0, 19)}: no new shards go there`,
          // A deploy lifts it too, but only where it registers: not after a drain that was killed, which changed nothing.
          advise`keep it, as the environment still has it: ${commandIn(cluster, "add", node.id)}; or delete it there and deploy`,
        ),
      );
    } else if (node.role === "worker" && !row.shouldhaveshards) {
      findings.push(
        warning(
          place,
          "shouldhaveshards is false: it gets no shards (left so by a drain)",
          advise`to keep it: ${commandIn(cluster, "add", node.id)}`,
        ),
      );
    } else findings.push(ok(place, `${endpoint} is group ${row.groupid}, active and in sync`));
  }
  for (const { label: name, endpoint, declared, recorded, registered: row } of view) {
    if (declared !== undefined || row === undefined) continue;
    const { placements } = row;
    if (recorded?.leaving && registered.draining) {
      findings.push(
        ok(everywhere, `${name} is not declared, and ${leavingNow(recorded.leaving, { placements })}`),
      );
      continue;
    }
    findings.push(
      warning(
        everywhere,
        `${formatEndpoint(endpoint)} is registered with ${placements} shard placements, but not declared`,
        advise`declare it in the environment, or drain and remove it: ${commandIn(cluster, "remove", name)}`,
      ),
    );
  }
  return findings;
}

/** No fault: the drain or removal that is at work has made the mark, and to undo it now would be in its way. */
function leavingNow(since: string, { placements }: { readonly placements: number }): string {
  return `being drained or removed (marked as leaving since ${since.slice(0, 19)}): ${placements} placements are left on it`;
}

/** A deploy registers only where it changes something: not after `pg-dist remove`, which leaves the container running. */
function registrationRemedy(
  cluster: Cluster,
  { id, role, endpoint: { host, port } }: ClusterNode,
  container: NodeInspection["container"],
): Remedy {
  const deploy = deployOf(cluster.environment);
  const add = commandIn(cluster, "add", id);
  if (container === "missing") return `${deploy} registers it`;
  if (role === "coordinator")
    return `SELECT citus_set_coordinator_host('${host}', ${port}) there, by the address that workers reach`;
  if (!isInspected(container)) return advise`${deploy} registers it, or where that has no changes ${add}`;
  return runs(container) ? advise`${add} registers it` : `${deploy} registers it`;
}
