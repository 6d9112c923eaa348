import { setTimeout as pause } from "node:timers/promises";

/** The moment at which something must be done, whatever its parts took. Changes of the machine's clock don't move it. */
export class Deadline {
  private constructor(private readonly at: number) {}

  /** @param ms from now, in milliseconds; Infinity for none */
  static in(ms: number): Deadline {
    return new Deadline(performance.now() + ms);
  }

  /** Another one, so many milliseconds before this one. */
  earlier(ms: number): Deadline {
    return new Deadline(this.at - ms);
  }

  /**
   * How long it is until then, in milliseconds.
   *
   * @param least what is given where less is left: for what would take 0 as no limit. @default 0
   */
  left(least = 0): number {
    return Math.max(this.at - performance.now(), least);
  }

  get passed(): boolean {
    return this.left() === 0;
  }

  /** Waits, but not longer than until then. @param ms in milliseconds */
  async sleep(ms: number): Promise<void> {
    await pause(Math.min(ms, this.left()));
  }
}
