import type { Cluster } from "../../../model/cluster";
import { EXIT, Failure } from "../../base/failure";
import { coordinatorOf } from "../../cluster/cluster-file";
import type { Session } from "../../cluster/connection/session";
import { COORDINATOR_GROUP } from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import { isRegistered } from "../../cluster/nodes/view";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import type { Heir } from "./assign-shards";
import type { Losses, IdentifiedNode, Survey } from "./losses";
import { describeLosses, findLostShards } from "./lost-shards";
import { requireGone } from "./require-gone";
import { advise, commandIn } from "../../base/remedy";

/** A single node, and not a Docker host. */
export function isNode(name: string): boolean {
  return name.includes("/");
}

/**
 * Looks at what Docker hosts carried, and that they are really gone; of a single node, that an empty server is in its place.
 *
 * @param hosts ids of Docker hosts, of the environment or of recorded nodes, or of single nodes
 * @throws Failure (refused) when one of them carries the coordinator, or answers; when another node doesn't answer
 */
export async function surveyLosses(
  session: Session,
  cluster: Cluster,
  hosts: readonly string[],
  survey: Survey,
): Promise<Losses> {
  const nodes = (await readView(session, cluster))
    .filter(isRegistered)
    .map(({ label: id, recorded, registered }): IdentifiedNode => ({ ...registered, id, recorded }));
  const onHosts = ({ id }: IdentifiedNode) =>
    isNode(id) && (hosts.includes(id.split("/")[0] ?? "") || hosts.includes(id));
  const dead = nodes.filter(onHosts);
  requireKnown(cluster, hosts, dead);
  if (
    dead.some(({ groupid }) => groupid === COORDINATOR_GROUP) ||
    hosts.some((host) => host === coordinatorOf(cluster).host || host === coordinatorOf(cluster).id)
  ) {
    throw new Failure(
      `${coordinatorOf(cluster).host} carries the coordinator`,
      advise`it answers, and no cluster works without it; to forget a worker on that host whose volume is lost, name the worker:
        ${commandIn(cluster, "forget", `${coordinatorOf(cluster).host}/WORKER`)}`,
      { exitCode: EXIT.refused },
    );
  }
  await requireGone(session, cluster, { hosts, nodes: dead }, survey);
  const others = nodes.filter((node) => !dead.includes(node));
  await requireAnswers(session, others);
  const lost = await findLostShards(
    session,
    dead.map(({ groupid }) => groupid),
  );
  session.takeMessages();
  return {
    hosts,
    nodes: dead,
    lost,
    tables: lost.length === 0 ? [] : await describeLosses(session, lost),
    heirs: await findHeirs(session, others),
  };
}

function requireKnown(cluster: Cluster, hosts: readonly string[], dead: readonly IdentifiedNode[]): void {
  const known = cluster.hosts.map(({ id }) => id);
  for (const host of hosts) {
    if (known.includes(host) || dead.some(({ id }) => id === host || id.startsWith(`${host}/`))) continue;
    throw new Failure(
      isNode(host)
        ? `no node ${host} is registered`
        : `no Docker host ${host} in ${cluster.environment}, and no registered node of it`,
      `use one of: ${known.join(", ")}, or a node's id`,
      { exitCode: EXIT.usage },
    );
  }
}

/** The new list of nodes and shards goes to all that stay. */
async function requireAnswers(session: Session, others: readonly IdentifiedNode[]): Promise<void> {
  const workers = others.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  const answers = await runOnNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => "SELECT 1"),
  );
  const silent = workers.filter((_worker, index) => !("value" in (answers[index] ?? {})));
  if (silent.length === 0) return;
  const names = silent.map(({ id }) => id).join(", ");
  throw new Failure(
    `${names} ${silent.length === 1 ? "doesn't" : "don't"} answer either, and every node that stays must`,
    "start what can be started; hosts that are gone are forgotten together: name all of them",
    { exitCode: EXIT.refused },
  );
}

async function findHeirs(session: Session, others: readonly IdentifiedNode[]): Promise<Heir[]> {
  const counts = await session.query<{ groupid: number; shards: number }>(
    "SELECT groupid, count(*)::int AS shards FROM pg_dist_placement GROUP BY 1",
  );
  const heirs = others.map(({ nodeid, groupid, isactive, shouldhaveshards }) => ({
    ...{ nodeid, groupid, shards: counts.find((row) => row.groupid === groupid)?.shards ?? 0 },
    takes: isactive && shouldhaveshards,
  }));
  const takers = heirs.filter(({ takes }) => takes);
  // A cluster whose only worker is gone has nobody else; a new worker gets the shards by a rebalance.
  return takers.length > 0 ? takers : heirs.filter(({ groupid }) => groupid === COORDINATOR_GROUP);
}
