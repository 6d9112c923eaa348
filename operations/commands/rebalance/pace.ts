import { formatBytes } from "../../base/bytes";
import type { Stopwatch } from "../../base/stopwatch";
import { formatSeconds } from "../../change/rebalance/estimate";

/** How fast something is copied, since it was first looked at: whoever resumes a watch wasn't there before. */
export class Pace {
  private first?: { readonly bytes: number; readonly at: number };

  constructor(private readonly watch: Stopwatch) {}

  /** `12.3 MB/s, 4 min left`; undefined as long as nothing moves. */
  describe(moved: number, size: number): string | undefined {
    const at = this.watch.ms;
    this.first ??= { bytes: moved, at };
    const seconds = (at - this.first.at) / 1000;
    const speed = seconds > 0 ? (moved - this.first.bytes) / seconds : 0;
    if (speed <= 0) return undefined;
    return `${formatBytes(Math.round(speed))}/s, ${formatSeconds((size - moved) / speed)} left`;
  }
}
