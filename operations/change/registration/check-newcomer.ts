import { formatEndpoint } from "../../../model/cluster";
import { type Objection, checkName } from "../../cluster/nodes/identity";
import { COORDINATOR_GROUP, sameEndpoint } from "../../cluster/nodes/registered";
import { viewNodes } from "../../cluster/nodes/view";
import type { Decision, Situation } from "./situation";
import { AGAIN, type Remedy, advise, commandIn } from "../../base/remedy";

/** A server that joins must be empty: `citus_add_node` drops tables of the names that the cluster has. */
export function checkNewcomer(
  { node, facts }: Pick<Decision, "node" | "facts">,
  { cluster, place: { environment }, registered, record, said }: Situation,
): Objection[] {
  const findings = checkName({ node, facts }, cluster);
  const refuse = (what: string, remedy: Remedy) =>
    findings.push({ node: node.id, what, remedy, refused: true });
  const wipe = commandIn({ environment }, "add", node.id, "--wipe");
  const known = { cluster: { name: cluster, nodes: [] }, registered, record };
  const owner = viewNodes(known, said).find(({ endpoint }) => sameEndpoint(endpoint, node.endpoint))?.id;
  if (owner !== undefined) {
    refuse(
      `${formatEndpoint(node.endpoint)} is still registered for ${owner}`,
      `a changed id is a new, empty worker: remove ${owner} first, or keep its id`,
    );
  }
  if (facts.groupid !== COORDINATOR_GROUP && knowsNoCluster({ registered, record })) {
    refuse(
      `it is a worker of a cluster (group ${facts.groupid}), and the coordinator knows none: the coordinator's volume was ` +
        "probably lost or replaced, and this worker's shards are still there",
      advise`if another cluster's worker answers there, correct the address; otherwise bring the coordinator's volume (or a backup
        of it) back and ${AGAIN}, and wipe no worker: its shards are the only copy`,
    );
  } else if (facts.groupid !== COORDINATOR_GROUP) {
    refuse(
      `it is not empty: it is or was a worker of a cluster (group ${facts.groupid})`,
      advise`if it belongs to another cluster, correct the address; if its data may be deleted: ${wipe} lists what it holds, and empties it`,
    );
  } else if (facts.table_count > 0) {
    refuse(
      `it is not empty: it has ${facts.table_count} table(s) of its own (${facts.tables.join(", ")})`,
      advise`joining would drop those that the cluster has too: copy them with pg_dump -t and drop them there; if all of it may be deleted: ${wipe}`,
    );
  }
  const others = facts.others ?? [];
  if (others.length > 0) {
    refuse(
      `it is not empty: it has definitions of its own (${others.join(", ")})`,
      advise`joining would silently replace those whose names the cluster uses, or fail on them: drop them; if all of
        it may be deleted: ${wipe}`,
    );
  }
  if (facts.in_recovery) refuse("it is a standby of another server", "promote it, or correct the address");
  return findings;
}

/** A coordinator that never had a worker, as far as it can tell. */
function knowsNoCluster({ registered, record }: Pick<Situation, "registered" | "record">): boolean {
  return record.size === 0 && registered.every(({ groupid }) => groupid === COORDINATOR_GROUP);
}
