import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { findParts } from "../../testbed/parts";
import { FaultCluster } from "./cluster";
import { newReport, summaryLines } from "./report";
import { FAULTS, Violation, injectFaults } from "./rounds";

const USAGE = `usage: npm run faults [-- --count N] [--seed N] [--hours H] [--only KIND] [--json]

Changes a cluster on three Docker hosts again and again, and injects faults into the applies at random moments.
  --count N   so many faults (200)
  --seed N    repeats the choices of the run that printed it
  --hours H   ends after so many hours, also with fewer faults
  --only KIND only faults of this kind; may be repeated: ${FAULTS.map(({ kind }) => kind).join(", ")}
  --json      the report as JSON on standard output, all else on standard error
Exit code 1: something was lost, left behind, or didn't converge. Needs root, like all test hosts.`;

async function main(args: readonly string[]): Promise<number> {
  const options = read(args);
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const { seed, count, hours, faults, json } = options;
  const print = (line: string) => process[json ? "stderr" : "stdout"].write(`${line}\n`);
  const report = newReport(seed, count);
  print(`seed ${seed}: ${count} faults`);
  const parts = await findParts({ log: print });
  print(parts.banner);
  const started = performance.now();
  let interrupted = false;
  let cluster: FaultCluster | undefined;
  const stop = () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    print("interrupted: the round ends, then everything is removed; a second time ends it at once");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  // Whatever ends this process: the hosts go with it, and so must what works for them here.
  process.on("exit", () => cluster?.abandon());
  try {
    cluster = await FaultCluster.start(parts, print);
    await injectFaults(cluster, {
      ...{ report, print, faults },
      enough: () => interrupted || performance.now() - started > hours * 3_600_000,
    });
  } catch (error) {
    if (report.violations.length === 0) report.violations.push(String(error).split("\n")[0] ?? "");
    print(error instanceof Violation ? error.history.join("\n") : String((error as Error).stack));
    print(`VIOLATION (seed ${seed}): ${String((error as Error).message)}`);
  } finally {
    report.acknowledged = cluster?.writers()?.items.length ?? 0;
    await cluster?.stop();
    await parts.stop();
  }
  for (const line of summaryLines(report)) print(line);
  if (json) process.stdout.write(`${JSON.stringify({ version: 1, ...report }, null, 2)}\n`);
  return report.violations.length > 0 || (report.injected < count && !Number.isFinite(hours)) ? 1 : 0;
}

function read(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: "string", default: "200" },
        seed: { type: "string", default: String(randomInt(2 ** 31)) },
        hours: { type: "string", default: "Infinity" },
        only: { type: "string", multiple: true },
        json: { type: "boolean", default: false },
      },
    });
    const [count, seed, hours] = [values.count, values.seed, values.hours].map(Number) as [
      number,
      number,
      number,
    ];
    const faults = FAULTS.filter(({ kind }) => values.only?.includes(kind) ?? true);
    const right = Number.isInteger(count) && count > 0 && Number.isInteger(seed) && hours > 0;
    return right && faults.length > 0 ? { count, seed, hours, faults, json: values.json } : undefined;
  } catch (error) {
    console.error((error as Error).message);
    return undefined;
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
