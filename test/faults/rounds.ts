import { Random } from "../model/random";
import type { Outcome } from "./apply";
import type { FaultCluster } from "./cluster";
import type { Fault } from "./fault";
import { coordinatorKilled, registrationTainted, workerKilled } from "./faults-containers";
import { diskFull, networkCut, networkCutForGood, sshDropped, twoApplies } from "./faults-hosts";
import { programKilled, terraformKilled } from "./faults-killed";
import { findViolations, moveSome } from "./invariants";
import { remedyFor } from "./remedies";
import { type FaultReport, countsOf, timeLeft } from "./report";
import { type ChangeKind, chooseChange } from "./topology";

export const FAULTS: readonly Fault[] = [
  ...[terraformKilled, programKilled, workerKilled, coordinatorKilled, networkCut, networkCutForGood],
  ...[diskFull, sshDropped, twoApplies, registrationTainted],
];

/** Adding and removing more often: most is at stake there. */
const CHANGES: readonly ChangeKind[] = [
  ...(["add", "add", "add", "remove", "remove", "remove", "remove two", "remove two"] as const),
  ...(["setting", "port", "port", "setting of all"] as const),
];

/** So many applies in a row are hit at most before the next one is left alone. */
const MOST_IN_A_ROW = 4;

/** How many of the applies are hit twice. */
const TWICE = 0.6;

/** So often is done what an error says, and applied again. */
const MOST_REPAIRS = 3;

/** Something that must never be, with what led to it. */
export class Violation extends Error {
  constructor(
    readonly what: readonly string[],
    readonly history: readonly string[],
  ) {
    super(what.join("\n"));
    this.name = "Violation";
  }
}

export interface RunOptions {
  readonly report: FaultReport;
  readonly print: (line: string) => void;
  /** @default FAULTS */
  readonly faults?: readonly Fault[];
  /** Whether to end before the count is reached. */
  readonly enough?: () => boolean;
}

/** Rounds of a change with its faults, each ended by an apply that is left alone and by all checks. */
export async function injectFaults(cluster: FaultCluster, options: RunOptions): Promise<void> {
  const { report, enough = () => false } = options;
  const started = performance.now() - report.seconds * 1000;
  for (let round = 0; report.injected < report.count && !enough(); round++) {
    // Each round draws from its own numbers: how long one takes changes nothing in the next.
    await new Round(cluster, options, new Random(report.seed + round * 7919), () => {
      report.seconds = (performance.now() - started) / 1000;
    }).run(round);
  }
}

class Round {
  private readonly steps: string[] = [];
  /** The last one. */
  private latest = "";

  constructor(
    private readonly cluster: FaultCluster,
    private readonly options: RunOptions,
    private readonly random: Random,
    private readonly tick: () => void,
  ) {}

  async run(round: number): Promise<void> {
    const { report, print } = this.options;
    const row = this.random.between(1, MOST_IN_A_ROW);
    let pending = false;
    for (let number = 0; number < row && report.injected < report.count; number++) {
      const faults = this.options.faults ?? FAULTS;
      const fault = chooseFault(this.random, faults);
      const others = besides(fault, faults);
      const second =
        this.random.next() < TWICE && others.length > 0 ? chooseFault(this.random, others) : undefined;
      const changes = number === 0 || this.random.next() < 0.5 || fault.changes !== undefined;
      // Their own again: the moments of one fault don't shift the choices of the next.
      const [own, ownToo] = [
        new Random(this.random.between(1, 2 ** 30)),
        new Random(this.random.between(1, 2 ** 30)),
      ];
      if (changes) {
        pending = this.change(own, fault.changes ?? CHANGES) || pending;
      }
      if (!pending) continue; // the last apply succeeded although it was hit: there is nothing to do for another one
      const strikes = [
        { fault, random: own },
        ...(second === undefined ? [] : [{ fault: second, random: ownToo }]),
      ];
      pending = !(await this.strike(strikes));
    }
    await this.converge();
    this.tick();
    print(
      `  round ${round + 1}: converged, ${report.acknowledged} rows acknowledged, all there; ${Object.keys(this.cluster.topology.workers).length} workers`,
    );
  }

  /** @returns whether there is one */
  private change(random: Random, kinds: readonly ChangeKind[]): boolean {
    // Where a fault's own changes aren't possible, another one makes them so, and the fault comes too late.
    const change =
      chooseChange(random, this.cluster.topology, kinds) ??
      chooseChange(random, this.cluster.topology, CHANGES);
    if (change === undefined) return false;
    this.cluster.change(change.result);
    this.latest = change.text;
    this.steps.push(change.text);
    return true;
  }

  /** An apply that is hit once or twice. @returns whether it ended well */
  private async strike(strikes: readonly { fault: Fault; random: Random }[]): Promise<boolean> {
    const { report } = this.options;
    const text = this.latest;
    const apply = this.cluster.apply();
    const results = await Promise.all(
      strikes.map(async ({ fault, random }) => {
        const injected = await fault.inject({ apply, cluster: this.cluster, random, usual: usualSeconds });
        return { fault, random, injected };
      }),
    );
    const what = results.map(({ fault, injected }) => `${fault.kind}: ${injected?.what ?? "too late"}`);
    const outcome = await this.cluster.finish(apply, `apply (${text}; ${what.join("; ")})`);
    this.steps.push(...what);
    const wrong: string[] = [];
    for (const { fault, injected } of results) {
      const counts = countsOf(report, fault.kind);
      if (injected === undefined) {
        counts.tooLate += 1;
        continue;
      }
      report.injected += 1;
      counts.injected += 1;
      if (outcome.exitCode === 0) counts.survived += 1;
      try {
        wrong.push(...((await injected.check?.(outcome)) ?? []));
      } finally {
        await injected.undo?.();
      }
      this.say(text, `${fault.kind}: ${injected.what}`, outcome);
    }
    if (wrong.length > 0) throw this.violation(wrong);
    const unhit = results.every(({ injected }) => injected === undefined);
    if (unhit && outcome.exitCode === 0) learn(outcome);
    if (unhit && outcome.exitCode !== 0 && remedyFor(outcome.output) === undefined)
      throw this.violation(["an apply failed that was not hit, and didn't say what to do"]);
    const [first] = results;
    if (first?.injected !== undefined && first.fault === registrationTainted) {
      this.change(first.random, ["remove"]);
      return false;
    }
    return outcome.exitCode === 0;
  }

  private say(change: string, what: string, { exitCode, output, seconds }: Outcome): void {
    this.tick();
    const { report, print } = this.options;
    const said = output.match(/pg-dist: [^\n]+/g)?.at(-1);
    const result = exitCode === 0 ? "ended well" : exitCode === null ? "was killed" : "failed";
    print(
      `[${report.injected} of ${report.count}, ${timeLeft(report)}] ${change}: ${what}; the apply ${result} after ${seconds.toFixed(0)} s${exitCode === 0 || said === undefined ? "" : `, with ${said}`}`,
    );
  }

  /** Applies until it succeeds, doing what the errors say, and checks everything. */
  private async converge(): Promise<void> {
    const { report } = this.options;
    const repairs: string[] = [];
    for (;;) {
      const outcome = await this.cluster.finish(this.cluster.apply(), "apply that is left alone");
      if (outcome.exitCode === 0) break;
      const remedy = remedyFor(outcome.output);
      if (remedy === undefined) throw this.violation(["an apply failed and didn't say what to do"]);
      if (repairs.length === MOST_REPAIRS)
        throw this.violation([`the applies don't converge, after ${repairs.join(", ")}`]);
      repairs.push(remedy.name);
      this.options.print(
        `  repair: ${remedy.name} (${remedy.says.exec(outcome.output.replace(/^[│╷╵] ?/gm, ""))?.[0].slice(0, 200)})`,
      );
      await remedy.carryOut(this.cluster, outcome.output);
    }
    const key = repairs.length === 0 ? "nothing" : repairs.join(" + ");
    report.repairs[key] = (report.repairs[key] ?? 0) + 1;
    this.cluster.endOrphans();
    const { exitCode } = await this.cluster.plan();
    if (exitCode !== 0) throw this.violation(["the plan after it isn't empty"]);
    await this.check();
    report.moves += await moveSome(this.cluster, 2);
    report.checks += 1;
    report.acknowledged = this.cluster.writers().items.length;
  }

  private async check(): Promise<void> {
    const violations = await findViolations(this.cluster);
    if (violations.length > 0) throw this.violation(violations);
  }

  private violation(what: readonly string[]): Violation {
    const where = `in the round: ${this.steps.join(" -> ")}`;
    this.options.report.violations.push(...what);
    return new Violation([...what, where], this.cluster.history);
  }
}

let usualSeconds = 9;

/** Moments are spread over what an apply takes here, on this machine. */
function learn({ seconds }: Outcome): void {
  usualSeconds = 0.8 * usualSeconds + 0.2 * seconds;
}

/** What may hit the same apply as another fault: of another kind, any change allows it, and not a second cut. */
function besides(fault: Fault, faults: readonly Fault[]): Fault[] {
  const cuts = [networkCut, networkCutForGood];
  return faults.filter(
    (each) => each !== fault && each.changes === undefined && !(cuts.includes(each) && cuts.includes(fault)),
  );
}

function chooseFault(random: Random, faults: readonly Fault[]): Fault {
  let left = random.next() * faults.reduce((sum, { weight }) => sum + weight, 0);
  for (const fault of faults) {
    left -= fault.weight;
    if (left < 0) return fault;
  }
  return faults[0] as Fault;
}
