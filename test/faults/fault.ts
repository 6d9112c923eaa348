import type { Random } from "../model/random";
import type { Apply, Outcome } from "./apply";
import type { FaultCluster } from "./cluster";
import type { ChangeKind } from "./topology";

/** What was done to a running apply. */
export interface Injected {
  /** `Terraform 3.1 s after its start, while leave server-b/worker1 ran` */
  readonly what: string;
  /** Once the apply has ended: what must be true of it. Says what isn't. */
  check?(outcome: Outcome): Promise<readonly string[]>;
  /** Ends the fault: the network is back, the disk has room. */
  undo?(): Promise<void>;
}

export interface Strike {
  readonly apply: Apply;
  readonly cluster: FaultCluster;
  /** All choices come from here. */
  readonly random: Random;
  /** How long an apply of this change usually takes, in seconds. */
  readonly usual: number;
}

/** One kind of fault. */
export interface Fault {
  readonly kind: string;
  /** How often it is chosen, in relation to the others. */
  readonly weight: number;
  /** Changes that it makes sense with. @default all */
  readonly changes?: readonly ChangeKind[];
  /**
   * Strikes at a random moment.
   *
   * @returns undefined where it came too late: the apply, or what it was to hit, had ended. Such a one doesn't count.
   */
  inject(strike: Strike): Promise<Injected | undefined>;
}

/** Waits for a random moment of the apply. @returns whether it still runs */
export function randomMoment({ apply, random, usual }: Strike): Promise<boolean> {
  return apply.passed(random.next() * usual);
}

/** `3.1 s after the start` */
export function at({ apply }: Strike): string {
  return `${apply.age.toFixed(1)} s after the start`;
}
