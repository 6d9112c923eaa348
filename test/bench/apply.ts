import { randomBytes } from "node:crypto";
import { describeCluster } from "../../environments/cluster";
import type { Environment } from "../../environments/environment";
import { Deployment } from "../e2e/deployment";
import { hostOptions } from "../e2e/production-hosts";
import type { Parts } from "../testbed/parts";
import { Testbed } from "../testbed/testbed";
import { removeFloor, startFloor } from "./floor";
import { median, range, seconds } from "./measure";

const HOSTS = ["server-a", "server-b", "server-c"];
const RUNS = 3;

/** `terraform apply` of a coordinator and three workers on three hosts, against the same containers by hand. */
export async function benchApply(parts: Parts): Promise<void> {
  const bed = await Testbed.start({ hosts: HOSTS, parts });
  const ours: number[] = [];
  const floor: number[] = [];
  try {
    const environment: Environment = {
      name: "bench",
      hosts: Object.fromEntries(HOSTS.map((id) => [id, hostOptions(bed, id)])),
      coordinator: { host: "server-a" },
      workers: { "server-a": 1, "server-b": 1, "server-c": 1 },
      ephemeral: true,
    };
    for (let run = 0; run < RUNS; run++) {
      const password = randomBytes(12).toString("hex");
      const cluster = describeCluster(environment);
      floor.push(await seconds(() => startFloor(bed, cluster, password)));
      await removeFloor(bed, cluster);

      const deployment = new Deployment(environment, parts.env, parts.terraform.path);
      await deployment.init();
      ours.push(await seconds(() => deployment.applied()));
      await deployment.destroy();
      deployment.remove();
    }
  } finally {
    await bed.stop();
  }
  const ratios = ours.map((time, run) => time / (floor[run] ?? NaN));
  console.log(`  docker run and plain SQL: ${range(floor)} s; terraform apply: ${range(ours)} s`);
  console.log(`  ratio ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`);
}
