import { readServerName } from "../../../model/contract/server-name";
import { formatEndpoint } from "../../../model/cluster";
import { formatBytes } from "../../base/bytes";
import { findDependents } from "../../cluster/dependents/find";
import type { TransferMode } from "../../cluster/shards/transfer-mode";
import type { GroupPlacement } from "./plan";
import { type DrainPlan, planDrain } from "./room";
import type { Inventory } from "./shards";
import type { Problem } from "../../base/failure";
import type { LeaveRequest, Member } from "../../cluster/nodes/leaving-members";
import { findMissingShards } from "../../cluster/shards/missing-shards";
import { explainImmovable, findImmovable } from "../../cluster/shards/movable-tables";
import { readNodeSettings, settingProblems } from "../../cluster/moving/node-settings";
import { readRunningMoves } from "../../cluster/moving/running-moves";
import { explainWalLevel } from "../../cluster/moving/wal-level";
import { COORDINATOR_GROUP } from "../../cluster/nodes/registered";
import type { Place } from "../../base/place";
import { findImmobileOwners } from "../../cluster/roles/immobile-owners";
import type { Session } from "../../cluster/connection/session";
import { AGAIN, advise, commandIn } from "../../base/remedy";
import { inactiveRemedy } from "../../cluster/nodes/remedies";

export interface DrainSituation {
  readonly members: readonly Member[];
  readonly inventory: Inventory;
  readonly mode: TransferMode;
  readonly request: Pick<LeaveRequest, "cluster" | "environment" | "database">;
  /** Whether what only this node has may be lost, by its label. @default never */
  readonly mayLose?: (label: string) => boolean;
}

/**
 * What stands against emptying all nodes that leave, found before the first shard moves. The nodes that leave in the
 * same apply are looked at together, since they compete for the same room.
 */
export async function findDrainProblems(session: Session, situation: DrainSituation): Promise<Problem[]> {
  const { members, inventory, mode, request } = situation;
  const problems = [
    ...members.flatMap((member) => nodeProblems(member, session.place, request.cluster)),
    ...(await runningMoves(session)),
  ];
  const leaving = members.filter(({ leaves }) => leaves);
  const sources = leaving.filter(({ nodeid }) => inventory.on(nodeid).length > 0);
  if (sources.length === 0 || problems.length > 0) return problems;
  if (mode !== "block_writes") problems.push(...sources.flatMap(walLevelProblems));
  const largest = Math.max(
    ...sources.flatMap(({ nodeid }) => inventory.on(nodeid).map(({ group }) => group.bytes)),
  );
  problems.push(
    ...settingProblems(await readNodeSettings(session, members), largest).map((problem) => ({
      ...problem,
      remedy: advise`${problem.remedy}; then ${AGAIN}`,
    })),
    ...(await missingProblems(session, sources, situation)),
    ...(await tableProblems(session, sources, situation)),
    ...(await ownerProblems(session, sources, situation)),
    ...(await roomProblems(session, situation)),
  );
  return problems;
}

/** Citus changes the list of nodes on every node, so each must answer, be active, and be the one that it was. */
function nodeProblems(member: Member, place: Place, cluster: string): Problem[] {
  const { id, label: node, endpoint, server, recorded, leaves } = member;
  const at = formatEndpoint(endpoint);
  if (server === undefined) {
    const what = `it does not answer: ${member.unreachable?.what ?? "no cause is known"}`;
    return [
      leaves
        ? {
            node,
            what,
            remedy: advise`its shards can't be moved from there: start it and ${AGAIN}. If its address or port has changed,
                put it back into the environment with the new one, apply, and remove it then.
                ${
                  id === undefined || place.environment === undefined
                    ? ""
                    : advise`If its server never comes back, give it up with ${commandIn(place, "forget", ...id.split("/").slice(0, 1))}; `
                }nothing was changed`,
          }
        : { node, what, remedy: member.unreachable?.remedy ?? advise`start it and ${AGAIN}` },
    ];
  }
  if (!member.isactive) {
    const remedy = advise`${inactiveRemedy(endpoint)}, then ${AGAIN}`;
    return [{ node, what: "it is disabled (isactive is false in pg_dist_node)", remedy }];
  }
  if (recorded !== undefined && recorded.server_id !== server.server_id) {
    return [
      {
        node,
        what: `another server answers at ${at} (server id ${server.server_id} instead of ${recorded.server_id}): its volume was replaced, or its extension was recreated`,
        remedy: advise`${commandIn(place, "status")} says which, and what helps; then ${AGAIN}`,
      },
    ];
  }
  if (recorded === undefined && isOfAnotherCluster(member, cluster)) {
    const group =
      server.groupid === member.groupid ? "" : `, group ${server.groupid} instead of ${member.groupid}`;
    return [
      {
        node,
        what: `the server at ${at} is a worker of another cluster ("${server.cluster_name}"${group})`,
        remedy: advise`correct where this one is registered: SELECT citus_update_node(${member.nodeid}, HOST, PORT) on the coordinator, with
            the address of its own server; then ${AGAIN}`,
      },
    ];
  }
  return [];
}

/**
 * By its own metadata, or by the name that we start servers with. Where nothing is recorded, nothing else tells that the
 * address leads elsewhere by now, and a removal would empty that server.
 */
function isOfAnotherCluster({ groupid, server }: Member, cluster: string): boolean {
  if (server === undefined) return false;
  const named = readServerName(server.cluster_name);
  return (
    (server.groupid !== groupid && server.groupid !== COORDINATOR_GROUP) ||
    (named !== undefined && named.cluster !== cluster)
  );
}

/** Two that move shards at once disturb each other; ours wait for each other by the cluster's lock. */
async function runningMoves(session: Session): Promise<Problem[]> {
  return (await readRunningMoves(session)).map((text) => ({
    node: "coordinator",
    what: `shards are being moved already: ${text}`,
    remedy: advise`wait for it (SELECT citus_rebalance_wait()) or stop it (SELECT citus_rebalance_stop()), then ${AGAIN}`,
  }));
}

function walLevelProblems({ label, server }: Member): Problem[] {
  const problem = explainWalLevel(server?.wal_level ?? "unknown");
  return problem === undefined ? [] : [{ node: label, ...problem }];
}

function missingProblems(
  session: Session,
  sources: readonly Member[],
  { inventory }: DrainSituation,
): Promise<Problem[]> {
  return findMissingShards(
    session,
    sources.map(({ label, endpoint, nodeid }) => ({
      ...{ label, endpoint },
      shardids: inventory.on(nodeid).flatMap(({ group }) => group.shardids),
    })),
  );
}

async function tableProblems(
  session: Session,
  sources: readonly Member[],
  { inventory, mode }: DrainSituation,
): Promise<Problem[]> {
  if (mode === "block_writes") return [];
  const tables = tablesOn(sources, inventory);
  const node = sources.map(({ label }) => label).join(", ");
  return explainImmovable(await findImmovable(session, tables), mode).map(({ what, remedy }) => ({
    node,
    what,
    remedy: advise`${remedy}; then ${AGAIN}`,
  }));
}

async function ownerProblems(
  session: Session,
  sources: readonly Member[],
  { members, inventory }: DrainSituation,
): Promise<Problem[]> {
  const owners = await findImmobileOwners(session, {
    tables: tablesOn(sources, inventory),
    targets: members.filter(({ receives }) => receives),
  });
  const node = sources.map(({ label }) => label).join(", ");
  return owners.map(({ what, remedy }) => ({ node, what, remedy: advise`${remedy}; then ${AGAIN}` }));
}

/** What people made on the nodes that leave, and would be lost with the shards that move away. */
export async function findDependentProblems(
  session: Session,
  { members, inventory, mayLose = () => false }: DrainSituation,
): Promise<Problem[]> {
  const nodes = members
    .filter(({ leaves, server, label }) => leaves && server !== undefined && !mayLose(label))
    .map(({ nodeid, label, groupid, endpoint }) => ({
      ...{ label, groupid, endpoint },
      shardids: inventory.on(nodeid).flatMap(({ group }) => group.shardids),
    }));
  const problems = await findDependents(session, nodes);
  return problems.map((problem) => ({ ...problem, remedy: advise`${problem.remedy}; then ${AGAIN}` }));
}

function tablesOn(sources: readonly Member[], inventory: Inventory): string[] {
  return [
    ...new Set(sources.flatMap(({ nodeid }) => inventory.on(nodeid).flatMap(({ group }) => group.tables))),
  ];
}

async function roomProblems(session: Session, { members, inventory }: DrainSituation): Promise<Problem[]> {
  const plan = await planDrain(session, members, inventory);
  if (plan.misfits.length === 0) return [];
  const sources = members.filter(({ nodeid }) => plan.misfits.some(({ source }) => source === nodeid));
  const node = sources.map(({ label }) => label).join(", ");
  const words = sources.length === 1 ? { it: "it", its: "its" } : { it: "them", its: "their" };
  if (plan.receivers.length === 0) {
    const coordinator = members.find(({ groupid }) => groupid === COORDINATOR_GROUP)?.endpoint;
    const target = coordinator === undefined ? "" : `'${coordinator.host}', ${coordinator.port}, `;
    return [
      {
        node,
        what: `no remaining node may hold ${words.its} ${count(plan.misfits)}`,
        remedy: advise`keep a worker, or let the coordinator hold shards: SELECT citus_set_node_property(${target}'shouldhaveshards', true); then ${AGAIN}`,
      },
    ];
  }
  return [misfitProblem(node, plan, words)];
}

function misfitProblem(node: string, plan: DrainPlan, { it, its }: { it: string; its: string }): Problem {
  const { strategy, receivers } = plan;
  const forbidden = plan.misfits.filter(({ group }) =>
    receivers.every(({ nodeid }) => !strategy.allows(group.shardid, nodeid)),
  );
  const [first] = forbidden;
  if (first !== undefined) {
    return {
      node,
      what:
        `the cluster's rebalance strategy ${strategy.name} forbids ${count(forbidden)} of ${it} on every remaining node ` +
        `(${strategy.functions.join(", ")}; shard ${first.group.shardid} of ${first.group.tables.slice(0, 1).join()})`,
      remedy: advise`let it allow one of them, add a worker that it allows, or choose another strategy:
          SELECT citus_set_default_rebalance_strategy('by_disk_size'); then ${AGAIN}`,
    };
  }
  const bytes = plan.misfits.reduce((sum, { group }) => sum + group.bytes, 0);
  const rooms = [...plan.room].map(([name, room]) => `${name}: room for ${formatBytes(Math.max(room, 0))}`);
  const replicas = plan.misfits.every(({ group }) =>
    plan.receivers.every(({ nodeid }) => group.holders.includes(nodeid)),
  );
  return {
    node,
    what: replicas
      ? `every remaining node has a replica of ${its} ${count(plan.misfits)} already`
      : `${its} shards don't all fit on the remaining nodes: ${count(plan.misfits)} with ${formatBytes(bytes)} are left over (${rooms.join(", ")})`,
    remedy: replicas
      ? "add a worker first"
      : "make room on those servers or add a worker first; what Citus keeps free there is " +
        "citus.desired_percent_disk_available_after_move",
  };
}

function count(placements: readonly GroupPlacement[]): string {
  return placements.length === 1 ? "1 shard group" : `${placements.length} shard groups`;
}
