import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { range } from "./measure";

const SIZES = [4, 40, 400];
const RUNS = 5;

/** Time and peak memory of the app as cdktf runs it, for more and more workers on ten per server. */
export async function benchSynthesis(): Promise<void> {
  const results = SIZES.map((workers) => ({
    workers,
    runs: Array.from({ length: RUNS }, () => synthesize(workers)),
  }));
  for (const { workers, runs } of results) {
    const time = range(
      runs.map((run) => run.seconds),
      2,
    );
    console.log(
      `  ${String(workers).padStart(3)} workers: ${time} s, peak ${range(
        runs.map((run) => run.megabytes),
        0,
      )} MB`,
    );
  }
}

function synthesize(workers: number): { seconds: number; megabytes: number } {
  const outdir = mkdtempSync(join(tmpdir(), "pg-dist-synthesis-"));
  try {
    const { stdout, status } = spawnSync(
      "node",
      ["--import", "tsx", join(__dirname, "synthesize.ts"), outdir, String(workers)],
      { encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`Synthesis of ${workers} workers failed.`);
    return JSON.parse(stdout) as { seconds: number; megabytes: number };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
