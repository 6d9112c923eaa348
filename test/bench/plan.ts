import type { Environment } from "../../model/environment";
import { Deployment } from "../e2e/deployment";
import { hostOptions } from "../e2e/production-hosts";
import type { Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { range, seconds } from "./measure";

const HOSTS = ["server-a", "server-b", "server-c", "server-d"];
const RUNS = 3;

/** An unchanged plan, with more hosts and with more workers. */
export async function benchPlan(parts: Parts): Promise<void> {
  const bed = await Testbed.start({ hosts: HOSTS, parts });
  try {
    const base = await plan(bed, parts, 1, 1);
    for (const [hosts, workers] of [
      [2, 1],
      [4, 1],
      [1, 4],
    ] as const) {
      const times = await plan(bed, parts, hosts, workers);
      const ratio = Math.min(...times) / Math.min(...base);
      console.log(
        `  ${hosts} hosts with ${workers} workers each: ${range(times)} s, ${ratio.toFixed(2)} of one host with one`,
      );
    }
    console.log(`  1 host with 1 worker: ${range(base)} s`);
  } finally {
    await bed.stop();
  }
}

async function plan(bed: Testbed, parts: Parts, hostCount: number, workers: number): Promise<number[]> {
  const hosts = HOSTS.slice(0, hostCount);
  const environment: Environment = {
    name: "bench",
    hosts: Object.fromEntries(hosts.map((id) => [id, hostOptions(bed, id)])),
    coordinator: { host: "server-a" },
    workers: Object.fromEntries(hosts.map((id) => [id, workers])),
    ephemeral: true,
  };
  const deployment = new Deployment(environment, parts.env, parts.terraform.path);
  try {
    await deployment.applied();
    const times: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      times.push(
        await seconds(async () => {
          const { exitCode, output } = await deployment.run("plan", "-detailed-exitcode");
          if (exitCode !== 0) throw new Error(`The plan isn't empty:\n${output}`);
        }),
      );
    }
    return times;
  } finally {
    await deployment.destroy();
    deployment.remove();
  }
}
