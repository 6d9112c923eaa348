import { formatBytes } from "../../base/bytes";
import { Stopwatch } from "../../base/stopwatch";
import type { Amount } from "../../cluster/shards/amount";
import type { PlannedMove } from "./plan";
import { type JobProgress, SIZE_UNKNOWN, bytesMoved } from "./progress-of-job";

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
  private reported = -Infinity;
  private done = -1;
  /** Bytes that were moved when they were first known. */
  private first?: { readonly bytes: number; readonly at: number };

  constructor(
    private readonly write: (line: string) => void,
    private readonly watch = new Stopwatch(),
  ) {}

  show(progress: JobProgress): void {
    const { job, done, total } = progress;
    const moved = bytesMoved(progress);
    const now = this.watch.ms;
    if (moved !== undefined) this.first ??= { bytes: moved, at: now };
    if (done.shards === this.done && now - this.reported < REPORT_MS) return;
    this.done = done.shards;
    this.reported = now;
    const bytes = `${formatBytes(moved ?? done.bytes)} of ${formatBytes(total.bytes)}`;
    const amount = `${done.shards} of ${total.shards} shards moved, ${bytes}${this.noteOf(moved, now)}`;
    const states = Object.entries(countStates(progress))
      .map(([state, count]) => `${count} ${state}`)
      .join(", ");
    this.write(`rebalance ${job.id}: ${amount}; tasks: ${states}`);
  }

  private noteOf(moved: number | undefined, now: number): string {
    if (moved === undefined) return ` not counting what is being copied (${SIZE_UNKNOWN})`;
    if (this.first === undefined || moved <= this.first.bytes) return "";
    const seconds = Math.max((now - this.first.at) / 1000, 0.001);
    return ` (${formatBytes(Math.round((moved - this.first.bytes) / seconds))}/s)`;
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
