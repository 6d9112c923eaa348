import { spawnSync } from "node:child_process";

// Each figure is a ratio of two measurements of the same run: machines differ, and are noisy.
const { status } = spawnSync("node", ["--import", "tsx", "test/bench/bench.ts", ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
