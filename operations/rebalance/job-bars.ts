import { MultiBar, Presets, type SingleBar } from "cli-progress";
import { formatBytes } from "../bytes";
import { formatSeconds } from "./estimate";
import type { JobView } from "./job-view";
import { type JobProgress, bytesMoved } from "./progress-of-job";

/** Characters that a task's name may take. */
const NAME_WIDTH = 34;

/** Progress on a terminal: a bar for the whole, and one for each move that works now, with speed and time left. */
export class JobBars implements JobView {
  private readonly bars = new MultiBar(
    {
      stream: process.stdout,
      format: "{name} {bar} {moved} of {size}  {note}",
      barsize: 24,
      hideCursor: true,
      // Ctrl-C is ours: it leaves the job alone, and says so below the bars.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  private readonly tasks = new Map<string, SingleBar>();
  private total?: SingleBar;
  private first?: { readonly bytes: number; readonly at: number };

  show(progress: JobProgress): void {
    const moved = bytesMoved(progress);
    const { total, done, running } = progress;
    this.first ??= { bytes: moved, at: performance.now() };
    const seconds = (performance.now() - this.first.at) / 1000;
    const speed = seconds > 0 ? (moved - this.first.bytes) / seconds : 0;
    const left = speed > 0 ? `, ${formatSeconds((total.bytes - moved) / speed)} left` : "";
    const note = `${done.shards}/${total.shards} shards${speed > 0 ? `, ${formatBytes(Math.round(speed))}/s${left}` : ""}`;
    this.total ??= this.bars.create(100, 0, { name: "", moved: "", size: "", note: "" });
    update(this.total, `rebalance ${progress.job.id}`, moved, total.bytes, note);
    for (const { task, group, copied, phase } of running) {
      const bar =
        this.tasks.get(task.id) ?? this.bars.create(100, 0, { name: "", moved: "", size: "", note: "" });
      this.tasks.set(task.id, bar);
      const more = group.shards > 1 ? ` +${group.shards - 1}` : "";
      const name =
        task.shardid === undefined ? "reference tables" : `${group.tables[0]}${more} (${task.shardid})`;
      update(bar, name, copied, group.bytes, phase.toLowerCase());
    }
    for (const [id, bar] of this.tasks) {
      if (running.some(({ task }) => task.id === id)) continue;
      this.bars.remove(bar);
      this.tasks.delete(id);
    }
  }

  end(): void {
    this.bars.stop();
  }
}

function update(bar: SingleBar, name: string, moved: number, size: number, note: string): void {
  const short = name.length > NAME_WIDTH ? `${name.slice(0, NAME_WIDTH - 1)}…` : name.padEnd(NAME_WIDTH);
  bar.update(size === 0 ? 0 : Math.min(100, (moved / size) * 100), {
    name: short,
    moved: formatBytes(moved),
    size: formatBytes(size),
    note,
  });
}
