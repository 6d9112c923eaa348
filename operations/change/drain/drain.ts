import { formatBytes } from "../../base/bytes";
import { Stopwatch } from "../../base/stopwatch";
import { findDependents } from "../../cluster/dependents/find";
import { type MoverOptions, ShardMover } from "./move";
import { type Move, amountOf } from "./plan";
import { formatAmount } from "../../cluster/shards/amount";
import { planDrain } from "./room";
import { type Inventory, readInventory } from "./shards";
import { dropOrphans } from "../../cluster/shards/drop-orphans";
import { Failure, type Problem, problemsFailure } from "../../base/failure";
import { type LeaveRequest, type Member, readMembers } from "../../cluster/nodes/leaving-members";
import type { Progress } from "../../base/progress";
import type { Session } from "../../cluster/connection/session";
import { AGAIN, advise } from "../../base/remedy";

/** Its signal stops the drain; what was moved stays where it is. */
export interface DrainOptions extends Omit<MoverOptions, "environment"> {
  /** What depends on its shards and only this node has may be lost. */
  readonly mayLose: boolean;
}

/** What was moved away. */
export interface Moved {
  readonly shards: number;
  /** As they were when the moves were planned. */
  readonly bytes: number;
}

/** Pause between two lines of progress, in milliseconds. */
const PROGRESS_MS = 1000;

/**
 * A table that was created while the node was being marked, or is kept beside one that is still there (`colocate_with`), may
 * have put shards there: so often is it looked again.
 */
const ROUNDS = 10;

/**
 * Moves every shard away from a node that is marked as leaving, and drops what stays behind. Reference tables have a
 * replica everywhere and go with the node.
 *
 * @returns what this call moved
 * @throws Failure; what was moved stays moved, and the next call goes on
 */
export async function drain(
  session: Session,
  request: LeaveRequest,
  node: Member,
  options: DrainOptions,
): Promise<Moved> {
  const moves: Move[] = [];
  const mover = await ShardMover.start(session, { ...options, environment: request.environment });
  try {
    for (let round = 1; ; round++) {
      const members = await readMembers(session, request);
      const inventory = await readInventory(session);
      if (inventory.on(node.nodeid).length === 0) break;
      if (round > ROUNDS) {
        throw new Failure(
          `${node.label} still gets new shards`,
          advise`create no tables meanwhile, leave its shouldhaveshards as it is, and ${AGAIN}: it resumes where it stopped`,
        );
      }
      moves.push(...(await moveAll(session, mover, node, members, inventory, options)));
    }
  } finally {
    await mover.end();
  }
  await cleanUp(session, node, options);
  return amountOf(moves);
}

async function moveAll(
  session: Session,
  mover: ShardMover,
  node: Member,
  members: readonly Member[],
  inventory: Inventory,
  { progress, mayLose }: DrainOptions,
): Promise<readonly Move[]> {
  const plan = await planDrain(session, members, inventory);
  const moves = plan.moves.filter(({ source }) => source === node.nodeid);
  if (plan.misfits.some(({ source }) => source === node.nodeid)) {
    throw new Failure(
      `the remaining nodes no longer have room for the shards of ${node.label}, or may no longer have them`,
      advise`${AGAIN}: it names the reason, and resumes once that is fixed`,
    );
  }
  const meter = new Meter(node.label, moves, progress);
  const label = (nodeid: number) =>
    members.find((member) => member.nodeid === nodeid)?.label ?? `node ${nodeid}`;
  for (const receiver of plan.receivers) {
    const part = moves.filter((move) => move.target === receiver.nodeid);
    if (part.length > 0)
      progress(`${node.label}: moving to ${label(receiver.nodeid)}: ${formatAmount(amountOf(part))}`);
  }
  for (const move of moves) {
    if (!mayLose) await requireNoDependents(session, node, move);
    await mover.move(move, members);
    meter.moved(move);
  }
  await mover.rest();
  return moves;
}

/** The moves before it may have taken hours, in which people work. */
async function requireNoDependents(session: Session, node: Member, { group }: Move): Promise<void> {
  const [first, ...others] = await findDependents(session, [{ ...node, shardids: group.shardids }]);
  if (first === undefined) return;
  const problems = [first, ...others].map((each) => ({
    ...each,
    remedy: advise`${each.remedy}; then ${AGAIN}: it resumes where it stopped`,
  }));
  throw problemsFailure(problems as [Problem, ...Problem[]], `${node.label} is not empty yet`);
}

/** How much of the work is done, and how fast. */
class Meter {
  private readonly watch = new Stopwatch();
  private reported?: Stopwatch;
  private done: Move[] = [];

  constructor(
    private readonly node: string,
    private readonly moves: readonly Move[],
    private readonly progress: Progress,
  ) {}

  moved(move: Move): void {
    this.done.push(move);
    const justReported = this.reported !== undefined && this.reported.ms < PROGRESS_MS;
    if (justReported && this.done.length < this.moves.length) return;
    this.reported = new Stopwatch();
    const done = amountOf(this.done);
    const speed = done.bytes / this.watch.seconds;
    this.progress(
      `${this.node}: moved ${formatAmount(done)} of ${formatAmount(amountOf(this.moves))} (${formatBytes(Math.round(speed))}/s)`,
    );
  }
}

/** What is still there when the node is removed could never be dropped again, and its shard never moved again (Citus 13.0). */
async function cleanUp(session: Session, node: Member, { progress, signal }: DrainOptions): Promise<void> {
  const read = async () => {
    const rows = await session.query<{ name: string }>(
      "SELECT object_name AS name FROM pg_dist_cleanup WHERE node_group_id = $1 ORDER BY 1",
      [node.groupid],
    );
    return rows.map(({ name }) => name);
  };
  await dropOrphans(session, {
    read,
    describe: (count) => `${count} moved shard${count === 1 ? "" : "s"} on ${node.label}`,
    again: advise`${AGAIN}: it resumes where it stopped`,
    ...{ progress, signal },
  });
}
