import { randomBytes } from "node:crypto";
import { describeCluster } from "../../model/cluster";
import type { Environment } from "../../model/environment";
import { Deployment } from "../e2e/deployment";
import { hostOptions } from "../e2e/production-hosts";
import type { Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { removeFloor, startFloor } from "./floor";
import { median, range, seconds } from "./measure";

const HOSTS = ["server-a", "server-b", "server-c"];
/** Even, as the two take turns in being first. */
const RUNS = 4;
/** What the ratio should not exceed. */
const AIM = 1.5;

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
    const cluster = describeCluster(environment);
    const runFloor = async () => {
      const password = randomBytes(12).toString("hex");
      const time = await seconds(() => startFloor(bed, cluster, password));
      await removeFloor(bed, cluster);
      return time;
    };
    const runOurs = async () => {
      const deployment = new Deployment(environment, parts.env, parts.terraform.path);
      await deployment.init();
      const time = await seconds(() => deployment.applied());
      await deployment.destroy();
      deployment.remove();
      return time;
    };
    // Whoever comes first reads the image from the disk: nobody's time.
    await runFloor();
    for (let run = 0; run < RUNS; run++) {
      if (run % 2 === 0) floor.push(await runFloor());
      ours.push(await runOurs());
      if (run % 2 === 1) floor.push(await runFloor());
    }
  } finally {
    await bed.stop();
  }
  const ratios = ours.map((time, run) => time / (floor[run] ?? NaN));
  console.log(`  docker run and plain SQL: ${range(floor)} s; terraform apply: ${range(ours)} s`);
  const ratio = median(ratios);
  console.log(
    `  ratio ${ratio.toFixed(2)} of apply to that (${ratios.map((each) => each.toFixed(2)).join(", ")}); ` +
      `the aim, ${AIM} or less, is ${ratio <= AIM ? "reached" : "missed"}`,
  );
}
