import { afterAll, beforeAll, expect, test } from "vitest";
import { MOST_STARTS, runInTime } from "../run-in-time";
import { CitusContainers, describeOnCitus, docker, startForRebalance } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";

/** The default of `--timeout`, in seconds. */
const TIMEOUT = 10;

/** People's changes while a worker takes no connection and refuses none, on real Citus. Steps in their order. */
describeOnCitus("changes beside a worker that is silent", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await startForRebalance(citus, ["w1", "w2"]);
    await project.declare(["w1", "w2"]);
    await citus.sql(
      "coordinator",
      "CREATE TABLE orders (id bigint PRIMARY KEY); SELECT create_distributed_table('orders', 'id', shard_count => 4)",
    );
    expect(await citus.register(await citus.cluster(["w1", "w2"]))).toMatchObject({ code: 0 });
    // It fails and is tried again for half an hour.
    await keepFree(99);
    expect(await project.run("rebalance", "test", "start", "--yes")).toMatchObject({ code: 1 });
    await docker("pause", citus.container("w2"));
  });
  afterAll(async () => {
    await project.destroy();
    await docker("unpause", citus.container("w2")).catch(() => undefined);
    await citus.destroy();
  });

  test.each<[string, readonly string[], RegExp]>([
    ["plan", ["rebalance", "test", "plan"], /no plan can be made/],
    ["watch", ["rebalance", "test", "watch"], /rebalance 1 goes on, but can't be watched/],
    ["drain", ["drain", "test", "w1", "--yes"], /nothing was changed/],
    ["remove", ["remove", "test", "w2", "--yes"], /nothing was changed/],
    [
      "stop",
      ["rebalance", "test", "stop"],
      /rebalance 1 is cancelled, but how much it moved cannot be determined/,
    ],
    ["start", ["rebalance", "test", "start", "--yes"], /nothing was started/],
  ])("%s says in time which one it is", async (_name, command, consequence) => {
    const { outcome, startsBeyond } = await runInTime(project, TIMEOUT, command);
    expect(startsBeyond).toBeLessThan(MOST_STARTS);
    expect(outcome.code, outcome.output).toBe(1);
    expect(outcome.last).toMatch(consequence);
    expect(outcome.last).toMatch(
      /: local\/w2: .* its container \S+-w2 is paused.*: `docker .* unpause \S+-w2`$/,
    );
  });

  test("stop had cancelled it all the same", async () => {
    expect(await citus.sql("coordinator", "SELECT state FROM pg_dist_background_job")).toBe("cancelled");
  });

  test("nobody waits for one that is disabled", async () => {
    const node = `'${citus.container("w2")}', 5432`;
    await citus.sql("coordinator", `SELECT citus_disable_node(${node})`);
    const plan = await project.run("rebalance", "test", "plan");
    expect(plan.code, plan.output).toBe(0);
    expect(plan.stdout).toContain("Nothing to move");
    await docker("unpause", citus.container("w2"));
    // Refused until w1 has heard of its end.
    const activated = () => citus.sql("coordinator", `SELECT citus_activate_node(${node}) > 0`).catch(String);
    await expect.poll(activated, { timeout: 120_000, interval: 1000 }).toBe("t");
  });

  test("stop in time amid a move to it", async () => {
    await keepFree(0);
    await citus.sql("coordinator", "SELECT citus_rebalance_start()");
    const running = "SELECT count(*) FROM pg_dist_background_task WHERE status = 'running'";
    await expect.poll(() => citus.sql("coordinator", running), { timeout: 30_000, interval: 50 }).toBe("1");
    await docker("pause", citus.container("w2"));
    // It waits for the move to end, and then for the answers.
    const stop = ["rebalance", "test", "stop"];
    const { outcome, startsBeyond } = await runInTime(project, 2 * TIMEOUT, stop);
    expect(startsBeyond).toBeLessThan(MOST_STARTS);
    expect(outcome.code, outcome.output).toBe(1);
    expect(outcome.last).toMatch(/rebalance 2 is (cancelled|cancelling), .*: local\/w2: .*-w2 is paused/);
  });

  /** Percent of a disk that a move must leave free. */
  async function keepFree(percent: number): Promise<void> {
    const setting = `citus.desired_percent_disk_available_after_move = ${percent}`;
    await citus.sql("coordinator", `ALTER SYSTEM SET ${setting}`);
    await citus.sql("coordinator", "SELECT pg_reload_conf()");
  }
});
