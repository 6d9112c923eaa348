import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster } from "../../../../model/cluster";
import { CitusContainers, type Outcome, describeOnCitus } from "../../../fixtures/citus-containers";
import { Writers } from "../../../fixtures/writers";

/** What becomes of the shards when workers are added, on real Citus. Steps in their order. */
describeOnCitus("rebalance on real Citus", () => {
  const citus = new CitusContainers();

  beforeAll(async () => {
    await citus.create();
    await Promise.all([
      // The queue of background tasks is looked at every 5 s by default.
      citus.start("coordinator", { settings: ["citus.background_task_queue_interval=1s"] }),
      ...["w1", "w2", "w3"].map((name) => citus.start(name)),
    ]);
    expect(await citus.register(await cluster("manual", "w1"))).toMatchObject({ code: 0 });
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY, note text);
       CREATE TABLE lines (id bigint PRIMARY KEY, note text);
       CREATE TABLE log (id bigint, note text);
       CREATE TABLE country (code text PRIMARY KEY);
       SELECT create_distributed_table('orders', 'id', shard_count => 5);
       SELECT create_distributed_table('lines', 'id', colocate_with => 'orders');
       SELECT create_distributed_table('log', 'id', shard_count => 2, colocate_with => 'none');
       SELECT create_reference_table('country');
       INSERT INTO orders SELECT i, repeat('x', 500) FROM generate_series(1, 10000) i;
       INSERT INTO lines SELECT i, repeat('x', 500) FROM generate_series(1, 10000) i;
       INSERT INTO log SELECT i, repeat('x', 500) FROM generate_series(1, 1000) i`,
    );
  });
  afterAll(() => citus.destroy());

  test("manual: the apply says what would move and the command, and moves nothing", async () => {
    const outcome = await citus.register(await cluster("manual", "w1", "w2"));
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).toMatch(
      /no shard was moved; a rebalance would move \d+ shards with \d\S* MB online: `npx pg-dist rebalance test start`/,
    );
    expect(outcome.output).toMatch(
      /before that: tables without a primary key or replica identity .*: public\.log:/,
    );
    expect(await groups("w2")).toBe(0);
    const again = await citus.register(await cluster("manual", "w1", "w2"));
    expect(again.last).toContain("nothing was changed");
  });

  test("after-adding: a table that can't be moved online is named", async () => {
    const outcome = await citus.register(await cluster("after-adding", "w1", "w2", "w3"));
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.last).toMatch(
      /local\/w3 was added, but no shard was moved: tables without .*: public\.log: .*apply again/,
    );
    expect(await groups("w3")).toBe(0);
    await citus.sql("coordinator", "ALTER TABLE log REPLICA IDENTITY FULL");
  });

  test("after-adding: a move that fails is shown at once and the rest cancelled", async () => {
    await keptFree("99");
    const failed = await citus.register(await cluster("after-adding", "w1", "w2", "w3"));
    await keptFree("10");
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.last).toMatch(
      /local\/w3 was added, but the rebalance failed and is cancelled: moving shard \d+: not enough empty space on node .*HINT: consider lowering/,
    );
    expect(failed.last).not.toContain("Queue Executor");
    const tries = "SELECT max(retry_count) FROM pg_dist_background_task";
    expect(await citus.sql("coordinator", tries)).toBe("1");
    expect(await citus.sql("coordinator", "SELECT state FROM citus_rebalance_status()")).toBe("cancelled");
  });

  test("after-adding: an interrupt cancels it; the job of a killed run is awaited, while clients write", async () => {
    const interrupted = await signalled("SIGINT");
    expect(interrupted).toMatchObject({ code: 1 });
    expect(interrupted.output).toMatch(/rebalance \d+ is cancelled: what was moved stays there/);
    expect(interrupted.last).toContain("interrupted by SIGINT");

    const port = (await citus.cluster([])).nodes[0]?.published?.port ?? 0;
    const writers = await Writers.start("orders", 1_000_000_000, { port, password: citus.password });
    await signalled("SIGKILL");
    const mended = await citus.register(await cluster("after-adding", "w1", "w2", "w3"));
    await writers.stop();
    expect(mended).toMatchObject({ code: 0 });
    expect(mended.output).toMatch(/rebalance \d+ is running already: waiting for it/);
    expect(mended.output).toMatch(/rebalance \d+: \d+ of \d+ shards moved, .* of .* MB.*tasks: /);
    const job = "SELECT state FROM pg_dist_background_job ORDER BY job_id DESC LIMIT 1";
    expect(await citus.sql("coordinator", job)).toBe("finished");
    // How many each has is a matter of sizes, which the writers change.
    expect(await groups("w2")).toBeGreaterThan(0);
    expect(await groups("w3")).toBeGreaterThan(0);
    expect(writers.errors).toEqual([]);
    expect(writers.acknowledged.length).toBeGreaterThan(0);
    const count = await citus.sql("coordinator", "SELECT count(*) FROM orders WHERE id >= 1000000000");
    expect(Number(count)).toBe(writers.acknowledged.length);
  });

  test("after-adding: a worker that is drained and added again gets its share; then nothing is due", async () => {
    const w3 = `'${citus.container("w3")}', 5432`;
    await citus.sql(
      "coordinator",
      `SELECT citus_drain_node(${w3}, 'block_writes'); SELECT citus_set_node_property(${w3}, 'shouldhaveshards', true);
       UPDATE pgdist.node SET rebalance_due = now() WHERE id = 'local/w3'`,
    );
    const moved = await citus.register(await cluster("after-adding", "w1", "w2", "w3"), {
      PGDIST_SHARD_TRANSFER_MODE: "block_writes",
    });
    expect(moved).toMatchObject({ code: 0 });
    expect(moved.output).toMatch(/rebalancing: moving \d+ shards with /);
    expect(moved.last).toMatch(/rebalanced: \d+ shards with .* moved in \d+ s/);
    expect(await groups("w3")).toBeGreaterThan(0);
    const third = await citus.register(await cluster("after-adding", "w1", "w2", "w3"));
    expect(third.last).toContain("nothing was changed");
  });

  /** A registration that gets the signal while shards move. */
  async function signalled(signal: NodeJS.Signals): Promise<Outcome> {
    const { child, ended } = await citus.launch(await cluster("after-adding", "w1", "w2", "w3"));
    await new Promise<void>((resolve) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        if (/tasks: .*running/.test(chunk.toString())) resolve();
      });
      child.once("close", () => resolve());
    });
    child.kill(signal);
    return ended;
  }

  async function cluster(rebalance: Cluster["rebalance"], ...workers: string[]): Promise<Cluster> {
    return { ...(await citus.cluster(workers)), rebalance };
  }

  /** How many shards it holds, without those of reference tables. */
  async function groups(name: string): Promise<number> {
    const where = `nodename = '${citus.container(name)}' AND citus_table_type <> 'reference'`;
    return Number(await citus.sql("coordinator", `SELECT count(*) FROM citus_shards WHERE ${where}`));
  }

  /** Citus refuses a move after which less than this percentage of the target's disk is free. */
  async function keptFree(percent: string): Promise<void> {
    const setting = "citus.desired_percent_disk_available_after_move";
    await citus.sql("coordinator", `ALTER SYSTEM SET ${setting} = ${percent}`);
    await citus.sql("coordinator", "SELECT pg_reload_conf()");
  }
});
