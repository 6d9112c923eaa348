import { describe, expect, test } from "vitest";
import { type CitusContainers, IMAGE, missingImage } from "./citus-on-docker";

export * from "./citus-on-docker";

/**
 * Tests on the real image. Where the local engine lacks it they are one skipped test with the reason, and with
 * PGDIST_PARTS=real an error.
 */
export function describeOnCitus(title: string, tests: () => void): void {
  const reason = missingImage(IMAGE);
  if (reason !== undefined && process.env["PGDIST_PARTS"] === "real")
    throw new Error(`PGDIST_PARTS=real: ${reason}`);
  describe(title, () => {
    if (reason === undefined) tests();
    else test("on real Citus", ({ skip }) => skip(reason));
  });
}

/** A coordinator that looks for background tasks every second, and these workers, of which the first is registered. */
export async function startForRebalance(citus: CitusContainers, workers: readonly string[]): Promise<void> {
  await citus.create();
  await Promise.all([
    citus.start("coordinator", { settings: ["citus.background_task_queue_interval=1s"] }),
    ...workers.map((name) => citus.start(name)),
  ]);
  expect(await citus.register(await citus.cluster(workers.slice(0, 1)))).toMatchObject({ code: 0 });
}

/** A coordinator and these workers, registered. */
export async function startCluster(citus: CitusContainers, workers: readonly string[]): Promise<void> {
  await citus.create();
  await Promise.all(["coordinator", ...workers].map((name) => citus.start(name)));
  expect(await citus.register(await citus.cluster(workers))).toMatchObject({ code: 0 });
}
