import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, range } from "./measure";

const SIZES = [4, 40, 400];
const RUNS = 5;

/** How much more a further worker may cost than one did before, as runs differ. */
const TOLERANCE = 1.25;

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

/** With the medians of its runs. */
interface Size extends Run {
  readonly workers: number;
}

/** Time and peak memory of the app as cdktf runs it, for more and more workers on ten per server, and how they grow. */
export async function benchSynthesis(): Promise<void> {
  const sizes = SIZES.map(measure);
  const growths = sizes.slice(1).map((larger, index) => new Growth(sizes[index] ?? larger, larger));
  for (const growth of growths) console.log(`  ${growth.ratios}`);
  for (const growth of growths) console.log(`  ${growth.furtherWorker}`);
  const isLinear = growths.slice(1).every((growth, index) => growth.isLinearAfter(growths[index] ?? growth));
  console.log(`  ${isLinear ? "grows no worse than linearly" : "GROWS WORSE THAN LINEARLY"}`);
}

function measure(workers: number): Size {
  const runs = Array.from({ length: RUNS }, () => synthesize(workers));
  const valuesOf = (key: keyof Run) => runs.map((run) => run[key]);
  console.log(
    `  ${String(workers).padStart(3)} workers: ${range(valuesOf("seconds"), 2)} s, of the processor ` +
      `${range(valuesOf("cpuSeconds"), 2)} s, peak ${range(valuesOf("megabytes"), 0)} MB`,
  );
  return {
    workers,
    seconds: median(valuesOf("seconds")),
    cpuSeconds: median(valuesOf("cpuSeconds")),
    megabytes: median(valuesOf("megabytes")),
  };
}

class Growth {
  constructor(
    private readonly smaller: Size,
    private readonly larger: Size,
  ) {}

  get ratios(): string {
    const { smaller, larger } = this;
    const more = larger.workers / smaller.workers;
    const each = (["seconds", "cpuSeconds", "megabytes"] as const).map((key) => larger[key] / smaller[key]);
    const [time, cpu, memory] = each.map((ratio) => ratio.toFixed(2));
    const [timePer, cpuPer, memoryPer] = each.map((ratio) => (ratio / more).toFixed(2));
    return (
      `ratio ${larger.workers}/${smaller.workers} workers: time ${time}, of the processor ${cpu}, memory ${memory}; ` +
      `per worker ${timePer}, ${cpuPer}, ${memoryPer}`
    );
  }

  get furtherWorker(): string {
    const { smaller, larger } = this;
    const milliseconds = (this.slope("cpuSeconds") * 1000).toFixed(1);
    return (
      `a further worker, from ${smaller.workers} to ${larger.workers}: ${milliseconds} ms of the processor, ` +
      `${this.slope("megabytes").toFixed(2)} MB`
    );
  }

  /** By what a further worker costs: what Node and the packages take at any size would hide a growth in the ratios. */
  isLinearAfter(earlier: Growth): boolean {
    return (["cpuSeconds", "megabytes"] as const).every(
      (key) => this.slope(key) <= earlier.slope(key) * TOLERANCE,
    );
  }

  private slope(key: keyof Run): number {
    return (this.larger[key] - this.smaller[key]) / (this.larger.workers - this.smaller.workers);
  }
}

function synthesize(workers: number): Run {
  const outdir = mkdtempSync(join(tmpdir(), "pg-dist-synthesis-"));
  try {
    const { stdout, status } = spawnSync(
      "node",
      ["--import", "tsx", join(__dirname, "synthesize.ts"), outdir, String(workers)],
      { encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`Synthesis of ${workers} workers failed.`);
    return JSON.parse(stdout) as Run;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
