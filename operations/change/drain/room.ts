import { type Plan, type Receiver, planMoves } from "./plan";
import type { Inventory } from "./shards";
import type { Member } from "../../cluster/nodes/leaving-members";
import { type Strategy, readStrategy } from "../../cluster/moving/strategy";
import type { Session } from "../../cluster/connection/session";

export interface DrainPlan extends Plan {
  readonly receivers: readonly Receiver[];
  /** Bytes that each file system of a receiver can take. */
  readonly room: ReadonlyMap<string, number>;
  readonly strategy: Strategy;
}

/** Where the shards of all nodes that leave are to go. */
export async function planDrain(
  session: Session,
  members: readonly Member[],
  inventory: Inventory,
): Promise<DrainPlan> {
  const receivers = receiversOf(members, inventory);
  const room = roomOf(members, receivers, await percentKeptFree(session));
  const placements = members.filter(({ leaves }) => leaves).flatMap(({ nodeid }) => inventory.on(nodeid));
  const fileSystems = new Map(members.map(({ nodeid, fileSystem }) => [nodeid, fileSystem]));
  const strategy = await readStrategy(
    session,
    placements.map(({ group: { shardid, shardids } }) => ({ key: shardid, shardids })),
    receivers.map(({ nodeid }) => nodeid),
  );
  const plan = planMoves(placements, receivers, room, (nodeid) => fileSystems.get(nodeid), strategy);
  return { ...plan, receivers, room, strategy };
}

/** Staying nodes that may hold shards; the coordinator and nodes added by hand too, where they may. */
function receiversOf(members: readonly Member[], inventory: Inventory): Receiver[] {
  return members
    .filter(({ receives }) => receives)
    .map(({ nodeid, fileSystem }) => {
      const placements = inventory.on(nodeid);
      const bytes = placements.reduce((sum, { group }) => sum + group.bytes, 0);
      return { nodeid, fileSystem, bytes, groups: placements.length };
    });
}

/** Citus itself refuses a move that leaves less than this free. */
async function percentKeptFree(session: Session): Promise<number> {
  const [row] = await session.query<{ percent: string }>(
    "SELECT current_setting('citus.desired_percent_disk_available_after_move') AS percent",
  );
  return Number(row?.percent);
}

function roomOf(
  members: readonly Member[],
  receivers: readonly Receiver[],
  percentFree: number,
): Map<string, number> {
  const rooms = new Map<string, number>();
  for (const { nodeid, fileSystem, server } of members) {
    if (server === undefined || !receivers.some((receiver) => receiver.nodeid === nodeid)) continue;
    const room = server.available - (server.total * percentFree) / 100;
    rooms.set(fileSystem, Math.min(room, rooms.get(fileSystem) ?? Infinity));
  }
  return rooms;
}
