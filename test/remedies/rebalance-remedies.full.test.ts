import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster } from "../../model/cluster";
import { CitusContainers, describeOnCitus, startForRebalance } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";
import { holdSession } from "../fixtures/held-session";

/** What stands against a rebalance or ends it, and what its message says is done. Steps in their order. */
describeOnCitus("what a rebalance says is done, and helps", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await startForRebalance(citus, ["w1", "w2", "w3"]);
    await project.declare(["w1", "w2"]);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY, note text);
       SELECT create_distributed_table('orders', 'id', shard_count => 24);
       INSERT INTO orders SELECT i, repeat('x', 100) FROM generate_series(1, 10000) i`,
    );
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  const run = (...args: string[]) => project.run("rebalance", "test", ...args);

  test("shards of a node without logical decoding: refused before the first move", async () => {
    await replaced("w1", ["wal_level=replica"]);
    expect(await register("manual", "w1", "w2")).toMatchObject({ code: 0 });
    const refused = await run("start", "--yes");
    expect(refused.code, refused.output).toBe(4);
    expect(refused.last).toMatch(
      /local\/w1: its shards can't be moved online: wal_level is replica: set wal_level: "logical" in the node's `settings` and apply \(its container is replaced\), or let writes wait meanwhile: --mode block_writes; nothing was started/,
    );
    const plan = await run("plan");
    expect(plan.code, plan.output).toBe(0);
    expect(plan.stdout).toMatch(/^local\/w1: its shards can't be moved online: wal_level is replica: /m);
    await citus.sql("coordinator", "UPDATE pgdist.node SET rebalance_due = now() WHERE id = 'local/w2'");
    const applied = await register("after-adding", "w1", "w2");
    expect(applied.code, applied.output).toBe(1);
    expect(applied.last).toMatch(/w2 was added, but no shard was moved: local\/w1: .*wal_level is replica/);
    const jobs = "SELECT count(*) FROM pg_dist_background_job";
    expect(await citus.sql("coordinator", jobs)).toBe("0");
    await replaced("w1", []);
  });

  test("watch --json that is left says how to see it again", async () => {
    const started = project.launch("rebalance", "test", "start", "--yes");
    await expect.poll(started.output, { timeout: 60_000 }).toContain("tasks: ");
    started.child.kill("SIGINT");
    expect(await started.ended).toMatchObject({ code: 0 });
    const watching = project.launch("rebalance", "test", "watch", "--json");
    const sessions =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pg-dist rebalance watch%'";
    await expect.poll(() => citus.sql("coordinator", sessions), { timeout: 60_000 }).not.toBe("0");
    await sleep(1000);
    watching.child.kill("SIGINT");
    const left = await watching.ended;
    expect(left.code, left.output).toBe(1);
    const [, said = ""] = /it goes on: `npx pg-dist (rebalance test watch)`$/.exec(left.last) ?? [];
    const again = project.launch(...said.split(" "));
    await expect.poll(again.output, { timeout: 60_000 }).toContain("tasks: ");
    again.child.kill("SIGINT");
    expect((await again.ended).output).toMatch(/Rebalance 1 goes on/);
  });

  test("a rebalance of an apply that somebody cancels: the next apply goes on with it", async () => {
    expect(await run("stop")).toMatchObject({ code: 0 });
    const { child, ended } = await launch("after-adding", "w1", "w2");
    await shows(child, /rebalance 2: .*tasks: /);
    expect(await run("stop")).toMatchObject({ code: 0 });
    const cancelled = await ended;
    expect(cancelled.code, cancelled.output).toBe(1);
    expect(cancelled.last).toMatch(
      /local\/w2 was added, but rebalance 2 was cancelled by someone else: apply again to resume it, or set rebalance: "manual"/,
    );
    const applied = await register("after-adding", "w1", "w2");
    expect(applied.code, applied.output).toBe(0);
    expect(applied.last).toMatch(/rebalanced: \d+ shards with .* moved/);
    expect(await shardsOn("w2")).toBeGreaterThan(8);
  });

  test("a rebalance that was running already and fails: stopped and mended, the apply moves the shards", async () => {
    expect(await register("manual", "w1", "w2", "w3")).toMatchObject({ code: 0 });
    await keptFree("= 99");
    expect(await run("start", "--yes")).toMatchObject({ code: 1 });
    await citus.sql("coordinator", "UPDATE pgdist.node SET rebalance_due = now() WHERE id = 'local/w3'");
    const failed = await register("after-adding", "w1", "w2", "w3");
    expect(failed.code, failed.output).toBe(1);
    expect(failed.last).toMatch(
      /rebalance \d+, which was running already: moving shard \d+ fails: not enough empty space on node .*: make room on that server, or lower what Citus keeps free: .*; SELECT citus_rebalance_stop\(\) on the coordinator ends its tries; then apply again/,
    );
    await citus.sql("coordinator", "SELECT citus_rebalance_stop()");
    await keptFree("= 1");
    const applied = await register("after-adding", "w1", "w2", "w3");
    expect(applied.code, applied.output).toBe(0);
    expect(await shardsOn("w3")).toBeGreaterThan(4);
  });

  test("a lock that keeps a rebalance from being started is found, and its end lets it start", async () => {
    const w3 = `'${citus.container("w3")}', 5432`;
    await citus.sql(
      "coordinator",
      `SELECT citus_drain_node(${w3}, 'block_writes'); SELECT citus_set_node_property(${w3}, 'shouldhaveshards', true)`,
    );
    const holder = await holdSession(
      citus.container("coordinator"),
      "postgres",
      "BEGIN; LOCK TABLE pg_dist_background_job IN EXCLUSIVE MODE;",
    );
    const failed = await run("start", "--yes");
    expect(failed.code, failed.output).toBe(1);
    expect(failed.last).toMatch(
      /the rebalance could not be started: canceling statement due to lock timeout: another transaction holds locks that it needs: let it end, or end it \(`npx pg-dist activity test` shows which are open\), then run it again/,
    );
    const { stdout } = await project.run("activity", "test");
    const [, gpid = ""] = /^ *(\d+) .*LOCK TABLE pg_dist_background_job/m.exec(stdout) ?? [];
    await citus.sql("coordinator", `SELECT pg_terminate_backend(${gpid})`);
    await holder.release();
    const started = await run("start", "--yes");
    expect(started.code, started.output).toBe(0);
    expect(started.last).toMatch(/Rebalance \d+ is finished: \d+ shards/);
  });

  /** Made anew on its volume, as an apply does it. */
  async function replaced(name: string, settings: readonly string[]): Promise<void> {
    await citus.remove(name);
    await citus.start(name, { settings });
  }

  async function register(rebalance: Cluster["rebalance"], ...workers: string[]) {
    return (await launch(rebalance, ...workers)).ended;
  }

  async function launch(rebalance: Cluster["rebalance"], ...workers: string[]) {
    return citus.launch({ ...(await citus.cluster(workers)), rebalance });
  }

  function shows(child: ChildProcess, text: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      let output = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (text.test(output)) resolve();
      });
      child.once("close", () => reject(new Error(`ended without ${String(text)}:\n${output}`)));
    });
  }

  const shardsOn = async (name: string) =>
    Number(
      await citus.sql(
        "coordinator",
        `SELECT count(*) FROM citus_shards WHERE nodename = '${citus.container(name)}'`,
      ),
    );

  /** Citus refuses a move after which less than this percentage of the target's disk is free. */
  async function keptFree(value: string): Promise<void> {
    await citus.sql(
      "coordinator",
      `ALTER SYSTEM SET citus.desired_percent_disk_available_after_move ${value}`,
    );
    await citus.sql("coordinator", "SELECT pg_reload_conf()");
  }
});
