import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../model/environment";
import { Deployment } from "../e2e/deployment";
import { hostOptions } from "../e2e/production-hosts";
import type { Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { median, range, seconds } from "./measure";

const HOSTS = ["server-a", "server-b", "server-c"];
const RUNS = 5;
const PG_DIST = join(__dirname, "../../bin/pg-dist.mjs");

/** What the report may take beyond the plan itself. In seconds. */
const AIM = 3;

/**
 * `review` of a worker less, of a cluster with tables on three hosts, against the plan alone; they take turns. Neither
 * synthesizes: that is part of `cdktf diff` just as well.
 */
export async function benchReview(parts: Parts): Promise<void> {
  const bed = await Testbed.start({ hosts: HOSTS, parts });
  const environment: Environment = {
    name: "bench",
    hosts: Object.fromEntries(HOSTS.map((id) => [id, hostOptions(bed, id)])),
    coordinator: { host: "server-a" },
    workers: { "server-b": 2, "server-c": 1 },
    ephemeral: true,
  };
  const deployment = new Deployment(environment, parts.env, parts.terraform.path);
  try {
    await deployment.applied();
    for (const table of ["event", "device", "reading"]) {
      await deployment.query(`CREATE TABLE public.${table} (id bigint PRIMARY KEY, line text)`);
      await deployment.query(`SELECT create_distributed_table('public.${table}', 'id')`);
      await deployment.query(
        `INSERT INTO public.${table} SELECT id, repeat('x', 100) FROM generate_series(1, 20000) id`,
      );
    }
    const less: Environment = { ...environment, workers: { "server-b": 1, "server-c": 1 } };
    deployment.synth(less);
    declare(deployment, less);
    const plans: number[] = [];
    const reviews: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      plans.push(await seconds(() => plan(deployment)));
      reviews.push(await seconds(() => review(deployment, parts)));
    }
    const beyond = median(reviews) - median(plans);
    const ratio = (median(reviews) / median(plans)).toFixed(2);
    console.log(`  plan: ${range(plans)} s; review: ${range(reviews)} s, ${ratio} of it`);
    console.log(`  the report beyond the plan: ${beyond.toFixed(1)} s (aim: ${AIM} at most)`);
    if (beyond > AIM) {
      console.log(`  MISSED: ${beyond.toFixed(1)} is more than ${AIM}`);
      process.exitCode = 1;
    }
  } finally {
    deployment.synth(environment);
    await deployment.destroy();
    deployment.remove();
    await bed.stop();
  }
}

/** As a project of its own, of which nothing is left to synthesize. */
function declare({ folder }: Deployment, environment: Environment): void {
  mkdirSync(join(folder, "environments"), { recursive: true });
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ app: "true" }));
  writeFileSync(
    join(folder, "environments", "bench.ts"),
    `export const environment = ${JSON.stringify(environment)};\n`,
  );
}

async function plan(deployment: Deployment): Promise<void> {
  const { exitCode, output } = await deployment.run("plan", "-out=bench.plan");
  if (exitCode !== 0) throw new Error(output);
}

async function review({ folder, password }: Deployment, parts: Parts): Promise<void> {
  const child = spawn(process.execPath, [PG_DIST, "review", "bench", "--json"], {
    cwd: folder,
    env: {
      ...process.env,
      ...parts.env,
      TERRAFORM_BINARY_NAME: parts.terraform.path,
      TF_VAR_postgres_password: password,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`exit code ${code}\n${output}${errors}`);
  // Without this it would be the time of a report that did not ask.
  const { live } = JSON.parse(output) as { live: { asked: boolean; leaving: { shards: number }[] } };
  if (!live.asked || live.leaving[0]?.shards === 0) throw new Error(`The cluster was not asked: ${output}`);
}
