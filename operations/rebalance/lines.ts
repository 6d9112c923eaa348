import { formatBytes } from "../bytes";
import type { PlannedMove } from "./plan";
import { type Amount, type JobProgress, bytesMoved } from "./progress-of-job";

/** `12 shards with 98.4 MB` */
export function formatAmount({ shards, bytes }: Amount): string {
  return `${shards} shard${shards === 1 ? "" : "s"} with ${formatBytes(bytes)}`;
}

export function amountOfMoves(moves: readonly PlannedMove[]): Amount {
  return {
    shards: moves.reduce((sum, { tables }) => sum + tables.length, 0),
    bytes: moves.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/**
 * Lines about a job that is watched where nothing can be drawn: one at its start, at every finished move, and otherwise
 * every ten seconds.
 */
export class JobLines {
  private readonly start: number;
  private reported = -Infinity;
  private last?: { readonly done: number; readonly first: number };

  constructor(
    private readonly write: (line: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.start = now();
  }

  show(progress: JobProgress): void {
    const { job, done, total } = progress;
    const moved = bytesMoved(progress);
    this.last ??= { done: -1, first: moved };
    const now = this.now();
    if (done.shards === this.last.done && now - this.reported < REPORT_MS) return;
    this.last = { ...this.last, done: done.shards };
    this.reported = now;
    const speed = (moved - this.last.first) / Math.max((now - this.start) / 1000, 0.001);
    const amount = `${done.shards} of ${total.shards} shards moved, ${formatBytes(moved)} of ${formatBytes(total.bytes)}`;
    const rate = moved > this.last.first ? ` (${formatBytes(Math.round(speed))}/s)` : "";
    const states = Object.entries(countStates(progress))
      .map(([state, count]) => `${count} ${state}`)
      .join(", ");
    this.write(`rebalance ${job.id}: ${amount}${rate}; tasks: ${states}`);
  }
}

/** A line although no move finished, this often. In milliseconds. */
const REPORT_MS = 10_000;

/** Tasks by their state, e.g. `{ done: 3, running: 1, blocked: 2 }`. */
export function countStates({ job }: JobProgress): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of job.tasks) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
