import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Parts, findParts } from "../../testbed/parts";
import { FaultCluster } from "./cluster";
import { coordinatorKilled, workerKilled } from "./faults-containers";
import { sshDropped, twoApplies } from "./faults-hosts";
import { programKilled, terraformKilled } from "./faults-killed";
import { newReport, summaryLines } from "./report";
import { injectFaults } from "./rounds";

/** Chosen so that its first round has two workers that leave, one that joins, and most of these faults. */
const SEED = 231;
const COUNT = 4;

/** Without those that wait for a network's time limits. */
const QUICK = [terraformKilled, programKilled, workerKilled, coordinatorKilled, sshDropped, twoApplies];

/** A short run with the very code of the long one (`npm run faults`). */
describe("faults injected into changes of a cluster", () => {
  let parts: Parts;
  let cluster: FaultCluster | undefined;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    // What lives in it needs all of Citus.
    if (parts.image.kind === "real") cluster = await FaultCluster.start(parts, console.log);
  });

  afterAll(async () => {
    await cluster?.stop();
    await parts?.stop();
  });

  it(`loses no acknowledged row, and converges after each (seed ${SEED})`, async ({ skip }) => {
    if (cluster === undefined) return skip("says something about Citus only where Citus is real");
    const report = newReport(SEED, COUNT);
    await injectFaults(cluster, { report, print: console.log, faults: QUICK });
    console.log(summaryLines(report).join("\n"));
    expect(report.violations).toEqual([]);
    expect(report.injected).toBeGreaterThanOrEqual(COUNT);
    expect(report.acknowledged).toBeGreaterThan(0);
  });
});
