/** How long something has been going on: for what is said of it, and for what is said only every so often. */
export class Stopwatch {
  private start: number;

  /** @param now in milliseconds, of a clock that nobody sets. @default the process' own */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.start = now();
  }

  /** Since the start, or the last restart. */
  get ms(): number {
    return this.now() - this.start;
  }

  get seconds(): number {
    return this.ms / 1000;
  }

  restart(): void {
    this.start = this.now();
  }
}
