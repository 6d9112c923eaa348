import { isOwnApplication } from "../../model/contract/application-name";
import type { Cluster } from "../../model/cluster";
import type { Caller } from "../base/caller/caller";
import type { Problem } from "../base/failure";
import type { Session } from "../cluster/connection/session";
import { mayDiscard } from "../cluster/holdings/discard-keys";
import { findHeld } from "../cluster/holdings/require-nothing-held";
import type { Foresight, ForeseenRemoval, RoomAfter } from "../cluster/moving/foresight";
import { readRunningMoves } from "../cluster/moving/running-moves";
import {
  type LeaveRequest,
  type Member,
  leaveRequestOf,
  readMembers,
} from "../cluster/nodes/leaving-members";
import { readRecord } from "../cluster/nodes/recorded";
import { COORDINATOR_GROUP } from "../cluster/nodes/registered";
import { runOnNodes } from "../cluster/nodes/run-on-nodes";
import { type TransferMode, readTransferMode } from "../cluster/shards/transfer-mode";
import { readFreeSpace } from "../docker/free-space";
import { findDependentProblems, findDrainProblems } from "./drain/checks";
import { amountOf } from "./drain/plan";
import { type DrainPlan, planDrain } from "./drain/room";
import { type Inventory, readInventory } from "./drain/shards";
import { estimateTime } from "./rebalance/estimate";
import { lastFinished } from "./rebalance/last-finished";
import { findUnregisteredProblems } from "./removal/unregistered";

/** How long the Docker hosts may take to say how much room there is. In milliseconds. */
const SPACE_MS = 5_000;

/**
 * Asks a running cluster what a change would meet: by the very plan and checks with which the shards of a worker are moved
 * away. Changes nothing, and waits for no lock of ours: what another run does meanwhile makes it old.
 *
 * @param cluster as it is wanted
 * @param leave ids of the workers that are to be emptied and removed
 * @throws the server's error
 */
export async function foresee(
  session: Session,
  cluster: Cluster,
  leave: readonly string[],
  caller: Caller,
): Promise<Foresight> {
  const mode = readTransferMode(caller.env);
  const declared = leaveRequestOf(cluster);
  const leaving = new Set(leave);
  const request: LeaveRequest = {
    ...declared,
    leaves: (id) => leaving.has(id) || declared.leaves(id),
    ...(leaving.size === 0 ? {} : { freeSpace: await readFreeSpace(cluster, caller, SPACE_MS) }),
  };
  const members = await readMembers(session, request);
  const sessions = await countSessions(session, members);
  const moving = await readRunningMoves(session);
  const removed = members.filter(({ id, leaves }) => leaves && id !== undefined && leaving.has(id));
  const unregistered = leave.filter((each) => !removed.some(({ id }) => id === each));
  const held = await findHeldUnregistered(session, unregistered, cluster, caller);
  if (removed.length === 0) {
    const obstacles = [...held.values()].flat();
    return { mode, leaving: leave.map((id) => neverJoined(id, held)), room: [], obstacles, moving, sessions };
  }
  const inventory = await readInventory(session);
  const plan = await planDrain(session, members, inventory);
  const timed = await readTimes(session);
  const obstacles = await findObstacles(session, {
    members,
    removed,
    inventory,
    request,
    mode,
    cluster,
    caller,
  });
  const isRefused = (id: string) => obstacles.ofAll.length > 0 || (obstacles.ofOne.get(id) ?? []).length > 0;
  return {
    mode,
    leaving: leave.map((id) => {
      const member = removed.find((each) => each.id === id);
      return member === undefined
        ? neverJoined(id, held)
        : { ...removalOf(id, member, { members, inventory, plan, timed }), refused: isRefused(id) };
    }),
    room: roomAfter(plan, members),
    obstacles: [...obstacles.ofAll, ...[...obstacles.ofOne.values(), ...held.values()].flat()],
    moving,
    sessions,
  };
}

type ProblemsById = ReadonlyMap<string, readonly Problem[]>;

function neverJoined(id: string, held: ProblemsById): ForeseenRemoval {
  const refused = (held.get(id) ?? []).length > 0;
  return { id, registered: false, refused, shards: 0, bytes: 0, to: [], seconds: 0, complete: true };
}

async function findHeldUnregistered(
  session: Session,
  ids: readonly string[],
  cluster: Cluster,
  caller: Caller,
): Promise<ProblemsById> {
  if (ids.length === 0) return new Map();
  const options = { cluster, caller, record: await readRecord(session), progress: () => undefined };
  const found = new Map<string, readonly Problem[]>();
  for (const id of ids) found.set(id, await findUnregisteredProblems(session, id, options));
  return found;
}

interface Foreseen {
  readonly members: readonly Member[];
  readonly inventory: Inventory;
  readonly plan: DrainPlan;
  readonly timed: (moves: number, bytes: number) => Pick<ForeseenRemoval, "seconds" | "complete">;
}

function removalOf(
  id: string,
  { nodeid }: Member,
  { members, inventory, plan, timed }: Foreseen,
): Omit<ForeseenRemoval, "refused"> {
  const groups = inventory.on(nodeid).map(({ group }) => group);
  const bytes = sum(groups.map((group) => group.bytes));
  const own = plan.moves.filter(({ source }) => source === nodeid);
  const to = plan.receivers.flatMap((receiver) => {
    const moves = own.filter((move) => move.target === receiver.nodeid);
    const node = members.find((member) => member.nodeid === receiver.nodeid)?.label;
    return moves.length === 0 || node === undefined ? [] : [{ node, ...amountOf(moves) }];
  });
  return {
    ...{ id, registered: true, to, bytes },
    shards: sum(groups.map(({ shardids }) => shardids.length)),
    ...timed(groups.length, bytes),
  };
}

async function readTimes(session: Session): Promise<Foreseen["timed"]> {
  const last = await lastFinished(session);
  return (moves, bytes) => {
    const { seconds, complete } = estimateTime({ moves, bytes }, last, SECONDS_PER_MOVE);
    // Where there is nothing to copy, nothing is left out.
    return { seconds, complete: complete || bytes < SMALL_BYTES };
  };
}

/** What is copied within the fixed time of a move, on any server. */
const SMALL_BYTES = 100 * 1024 * 1024;

/**
 * What a move of ours takes without much to copy: less than one of Citus, since a move's fixed sleeps are cut short (see
 * `ShardMover`). Measured on two cores, also with twelve tables in a group. In seconds.
 */
const SECONDS_PER_MOVE = 0.5;

/** Of servers that receive anything. */
function roomAfter({ moves, room, receivers }: DrainPlan, members: readonly Member[]): RoomAfter[] {
  const serverOf = (nodeid: number) => members.find((member) => member.nodeid === nodeid)?.fileSystem;
  return [...room].flatMap(([server, before]) => {
    if (!receivers.some(({ fileSystem }) => fileSystem === server)) return [];
    const arriving = moves.filter(
      (move) => serverOf(move.target) === server && serverOf(move.source) !== server,
    );
    const staying = moves.some((move) => serverOf(move.target) === server);
    return staying ? [{ server, before, after: before - amountOf(arriving).bytes }] : [];
  });
}

interface Removing {
  readonly members: readonly Member[];
  readonly removed: readonly Member[];
  readonly inventory: Inventory;
  readonly request: LeaveRequest;
  readonly mode: TransferMode;
  readonly cluster: Cluster;
  readonly caller: Caller;
}

interface Obstacles {
  /** What stops every removal of the change. */
  readonly ofAll: readonly Problem[];
  /** What stops that of one worker, by its id. */
  readonly ofOne: ProblemsById;
}

/** As `emptyNode` asks before it moves anything. */
async function findObstacles(session: Session, removing: Removing): Promise<Obstacles> {
  const { members, removed, inventory, request, mode, cluster, caller } = removing;
  const mayLose = (label: string) => mayDiscard(cluster, label, caller.env);
  const situation = { members, inventory, request, mayLose, mode };
  const ofOne = new Map<string, readonly Problem[]>();
  const problems = await findDrainProblems(session, situation);
  for (const node of removed) {
    if (node.server === undefined || node.id === undefined) continue;
    ofOne.set(node.id, await findHeld(session, node, { cluster, caller, progress: () => undefined }));
  }
  return { ofAll: [...problems, ...(await findDependentProblems(session, situation))], ofOne };
}

/** Of clients, in every database; not those of other nodes, nor ours. */
const SESSIONS = `SELECT count(*)::text AS sessions
  FROM pg_stat_activity a LEFT JOIN get_all_active_transactions() g ON g.process_id = a.pid
 WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND NOT coalesce(g.worker_query, false)
   AND a.application_name NOT LIKE 'citus\\_%' AND NOT ${isOwnApplication("a.application_name")}`;

async function countSessions(session: Session, nodes: readonly Member[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const workers = nodes.filter(
    ({ groupid, server }) => groupid !== COORDINATOR_GROUP && server !== undefined,
  );
  const answers = await runOnNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => SESSIONS),
  );
  for (const [index, { label }] of workers.entries()) {
    const answer = answers[index];
    if (answer !== undefined && "value" in answer) counts.set(label, Number(answer.value));
  }
  const coordinator = nodes.find(({ groupid }) => groupid === COORDINATOR_GROUP);
  if (coordinator !== undefined) {
    const [row] = await session.query<{ sessions: string }>(SESSIONS);
    counts.set(coordinator.label, Number(row?.sessions));
  }
  return counts;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
