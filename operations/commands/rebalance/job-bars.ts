import { MultiBar, type Options, Presets, type SingleBar } from "cli-progress";
import { Stopwatch } from "../../base/stopwatch";
import { formatBytes } from "../../base/bytes";
import { terminalWidth } from "../../cli/output";
import { type BarLayout, type BarRow, barLine, layOut } from "./bar-rows";
import type { JobView } from "./job-view";
import { Pace } from "./pace";
import {
  type JobProgress,
  type RunningTask,
  SIZE_UNKNOWN,
  bytesMoved,
} from "../../change/rebalance/progress-of-job";

/** What a bar is drawn from, beside how full it is. */
interface Drawn {
  readonly row: BarRow;
  readonly layout: BarLayout;
}

/** One line, and what its note is made of. */
interface Line {
  readonly key: string;
  readonly name: string;
  /** Absent while it is unknown: then the bar stays as it was. */
  readonly moved?: number;
  readonly size: number;
  /** The note while nothing says how fast it is. */
  readonly otherwise: string;
}

/** Progress on a terminal: a bar for the whole, and one for each move that works now, with speed and time left. */
export class JobBars implements JobView {
  private readonly bars: MultiBar;
  private readonly shown = new Map<string, SingleBar>();
  private readonly paces = new Map<string, Pace>();

  constructor(
    private readonly stream: NodeJS.WriteStream = process.stdout,
    private readonly watch = new Stopwatch(),
  ) {
    this.bars = new MultiBar(
      {
        stream,
        format: (options, { progress }, { row, layout }: Drawn) =>
          barLine(row, barOf(options, progress, layout.bar), layout),
        hideCursor: true,
        // A bar that goes leaves its line to the next one, which may have the same text as before.
        forceRedraw: true,
        fps: 2,
        // Ctrl-C is ours: it leaves the job alone, and says so below the bars.
        gracefulExit: false,
      },
      Presets.shades_classic,
    );
  }

  show(progress: JobProgress): void {
    const lines = [totalLine(progress), ...progress.running.map(taskLine)];
    const rows = lines.map((line) => this.rowOf(line));
    const layout = layOut(rows, terminalWidth(this.stream));
    for (const [index, { key, moved, size }] of lines.entries()) {
      const drawn: Drawn = { row: rows[index] as BarRow, layout };
      const bar = this.shown.get(key) ?? this.bars.create(100, 0, drawn);
      this.shown.set(key, bar);
      if (moved === undefined) bar.update(drawn);
      else bar.update(size === 0 ? 0 : Math.min(100, (moved / size) * 100), drawn);
    }
    for (const [key, bar] of this.shown) {
      if (lines.some((line) => line.key === key)) continue;
      this.bars.remove(bar);
      this.shown.delete(key);
    }
  }

  end(): void {
    this.bars.stop();
  }

  private rowOf({ key, name, moved, size, otherwise }: Line): BarRow {
    if (moved === undefined) return { name, note: otherwise, sizes: `? of ${formatBytes(size)}` };
    const pace = this.paces.get(key) ?? new Pace(this.watch);
    this.paces.set(key, pace);
    const note = pace.describe(moved, size) ?? otherwise;
    return { name, note, sizes: `${formatBytes(moved)} of ${formatBytes(size)}` };
  }
}

function totalLine(progress: JobProgress): Line {
  const { job, done, total } = progress;
  const name = `rebalance ${job.id} (${done.shards}/${total.shards} shards)`;
  const moved = bytesMoved(progress);
  const otherwise = moved === undefined ? SIZE_UNKNOWN : "";
  return { key: "total", name, moved, size: total.bytes, otherwise };
}

function taskLine({ task, group, copied, phase }: RunningTask): Line {
  const more = group.shards > 1 ? ` +${group.shards - 1}` : "";
  const name =
    task.shardid === undefined ? "reference tables" : `${group.tables.at(0) ?? ""}${more} (${task.shardid})`;
  return { key: task.id, name, moved: copied, size: group.bytes, otherwise: phase.toLowerCase() };
}

/** The preset's characters; the size of a bar can't be changed once it is there, but that of its text can. */
function barOf(options: Options, progress: number, length: number): string {
  const full = Math.round(progress * length);
  return (
    (options.barCompleteChar ?? "").repeat(full) + (options.barIncompleteChar ?? "").repeat(length - full)
  );
}
