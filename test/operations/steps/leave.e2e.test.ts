import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, docker, describeOnCitus, type Outcome } from "../../fixtures/citus-containers";
import { Writers } from "../../fixtures/writers";

/** In two transactions: Citus doesn't mix schemas that it distributes with other tables. */
const TABLES = [
  `
  CREATE TABLE orders (id bigint PRIMARY KEY, note text);
  CREATE TABLE lines (id bigint PRIMARY KEY, note text);
  CREATE TABLE country (code text PRIMARY KEY);
  CREATE TABLE single (id bigint PRIMARY KEY);
  CREATE TABLE measured (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE measured_2026 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  SELECT create_distributed_table('orders', 'id', shard_count => 12);
  SELECT create_distributed_table('lines', 'id', colocate_with => 'orders');
  SELECT create_distributed_table('measured', 'id', shard_count => 6, colocate_with => 'none');
  SELECT create_distributed_table('single', NULL);
  SELECT create_reference_table('country')`,
  `SET citus.enable_schema_based_sharding = on;
  CREATE SCHEMA tenant1; CREATE TABLE tenant1.invoice (id bigint PRIMARY KEY);
  CREATE SCHEMA tenant2; CREATE TABLE tenant2.invoice (id bigint PRIMARY KEY);
  CREATE SCHEMA tenant3; CREATE TABLE tenant3.invoice (id bigint PRIMARY KEY);
  INSERT INTO orders SELECT i, repeat('x', 100) FROM generate_series(1, 3000) i;
  INSERT INTO lines SELECT i, repeat('x', 100) FROM generate_series(1, 3000) i;
  INSERT INTO measured SELECT i, '2026-05-01' FROM generate_series(1, 3000) i;
  INSERT INTO single SELECT generate_series(1, 100);
  INSERT INTO tenant1.invoice SELECT generate_series(1, 100);
  INSERT INTO tenant2.invoice SELECT generate_series(1, 100);
  INSERT INTO tenant3.invoice SELECT generate_series(1, 100);
  INSERT INTO country VALUES ('de'), ('fr')`,
];

/** Of all tables but the one that is written to meanwhile. */
const ROWS = `SELECT concat_ws(' ', (SELECT count(*) FROM lines), (SELECT count(*) FROM measured), (SELECT count(*) FROM single),
  (SELECT count(*) FROM tenant1.invoice), (SELECT count(*) FROM tenant2.invoice), (SELECT count(*) FROM tenant3.invoice),
  (SELECT count(*) FROM country))`;
const ALL_ROWS = "3000 3000 100 100 100 100 2";

/**
 * Workers that leave, on real Citus with writers running. Steps in their order: a worker that left comes back as a new,
 * empty one.
 */
describeOnCitus("leave on real Citus", () => {
  const citus = new CitusContainers();

  beforeAll(async () => {
    await citus.create();
    await Promise.all(
      ["coordinator", "w1", "w2", "w3", "foreign"].map((name) => citus.start(name, named(name))),
    );
    await registered("w1", "w2", "w3");
    for (const tables of TABLES) await citus.sql("coordinator", tables);
  });
  afterAll(() => citus.destroy());

  test("a table that can't be moved online is named, and nothing is changed", async () => {
    await citus.sql(
      "coordinator",
      `CREATE TABLE log (id bigint, note text);
       CREATE TABLE later (id bigint PRIMARY KEY DEFERRABLE);
       CREATE TABLE archived (id bigint PRIMARY KEY, note text) USING columnar;
       SELECT create_distributed_table(name, 'id', shard_count => 3, colocate_with => 'none')
         FROM unnest('{log, later, archived}'::regclass[]) name`,
    );
    const before = await nodes();
    const outcome = await leave("w3", ["w1", "w2"]);
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(
      /public\.later, public\.log.*primary key.*REPLICA IDENTITY.*PGDIST_SHARD_TRANSFER_MODE=block_writes/,
    );
    expect(outcome.output).toMatch(/columnar tables can't be moved online, .*: public\.archived/);
    expect(outcome.last).not.toContain("public.orders");
    // Keys of a destroy that are left over from another day are no reason to lose it: everybody answers.
    const unprotected = { ...(await citus.cluster(["w1", "w2"])), protected: false };
    const keyed = await citus.launch(unprotected, { PGDIST_DESTROY: "test" }, [
      "leave",
      "--node",
      "local/w3",
    ]);
    expect(await keyed.ended).toMatchObject({ code: 4 });
    expect(await nodes()).toEqual(before);
    expect(before).toContain("w3 t stays");
    await citus.sql("coordinator", "ALTER TABLE log REPLICA IDENTITY FULL");
    await citus.sql("coordinator", "DROP TABLE later, archived");
  });

  test("a move that somebody else has begun is named", async () => {
    const [job] = (
      await citus.sql(
        "coordinator",
        "INSERT INTO pg_dist_background_job (state, job_type, description) VALUES ('running', 'rebalance', 'by hand') RETURNING job_id",
      )
    ).split("\n");
    const outcome = await leave("w3", ["w1", "w2"]);
    await citus.sql("coordinator", `DELETE FROM pg_dist_background_job WHERE job_id = ${job}`);
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(new RegExp(`background job ${job} is running .*citus_rebalance_stop`));
    expect(await nodes()).toContain("w3 t stays");
  });

  test("what the staying servers have no room for doesn't begin to move", async () => {
    const keptFree = "citus.desired_percent_disk_available_after_move";
    await citus.sql("coordinator", `ALTER SYSTEM SET ${keptFree} = 100`);
    await citus.sql("coordinator", "SELECT pg_reload_conf()");
    const shards = await placements("w3");
    const outcome = await leave("w3", ["w1", "w2"]);
    await citus.sql("coordinator", `ALTER SYSTEM RESET ${keptFree}`);
    await citus.sql("coordinator", "SELECT pg_reload_conf()");
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(
      /its shards don't all fit on the remaining nodes: \d+ shard groups with .* kB are left over \(local: room for 0 bytes\)/,
    );
    expect(await placements("w3")).toBe(shards);
    expect(await nodes()).toContain("w3 t stays");
  });

  test("a worker is drained while clients write: every row is there once, and nothing of it is left", async () => {
    await citus.sql("coordinator", `SELECT citus_add_node('${citus.container("foreign")}', 5432)`);
    const { outcome } = await whileWriting(1_000_000_000, () => leave("w3", ["w1", "w2"]));
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).toMatch(/moved \d+ shards with .* of \d+ shards with .*\/s\)/);
    expect(await nodes()).toEqual(["w1 t stays", "w2 t stays", "foreign t unrecorded"]);
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pg_dist_cleanup")).toBe("0");
    expect(await citus.sql("coordinator", ROWS)).toBe(ALL_ROWS);
    expect(await placements("foreign")).toBeGreaterThan(0);
    expect(await orphansOn("w3")).toEqual([]);
  });

  test("once more: it is gone already", async () => {
    const outcome = await leave("w3", ["w1", "w2"]);
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.last).toContain("local/w3: is not registered");
  });

  test("two at once in two processes: none gets shards of the other", async () => {
    await renewed("w3");
    const { outcome } = await whileWriting(2_000_000_000, async () => {
      const both = await Promise.all([leave("w2", ["w1"]), leave("w3", ["w1"])]);
      return {
        code: both.some(({ code }) => code !== 0) ? 1 : 0,
        output: both.map(({ output }) => output).join(),
        last: "",
      };
    });
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).toContain("marked as leaving: local/w2, local/w3");
    expect(outcome.output).toContain("moving to local/w1");
    expect(outcome.output).not.toMatch(/moving to local\/w[23]/);
    expect(outcome.output).not.toMatch(/marked as leaving.*foreign/);
    expect(await nodes()).toEqual(["w1 t stays", "foreign t unrecorded"]);
    expect(await citus.sql("coordinator", ROWS)).toBe(ALL_ROWS);
  });

  test("the last worker that may hold shards stays", async () => {
    const foreign = `'${citus.container("foreign")}', 5432`;
    await citus.sql("coordinator", `SELECT citus_set_node_property(${foreign}, 'shouldhaveshards', false)`);
    const outcome = await leave("w1", []);
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(/local\/w1: no remaining node may hold its \d+ shard groups/);
    expect(await nodes()).toEqual(["w1 t stays", "foreign f unrecorded"]);
    await citus.sql("coordinator", `SELECT citus_set_node_property(${foreign}, 'shouldhaveshards', true)`);
  });

  test("interrupted, it puts the mark back; killed, the next run goes on", async () => {
    await renewed("w2");
    await renewed("w3");
    const shards = await placements("w3");

    const interrupted = await launchLeave("w3", ["w1", "w2"]);
    await interrupted.shows("moved ");
    interrupted.child.kill("SIGTERM");
    const outcome = await interrupted.ended;
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.last).toContain("interrupted by SIGTERM");
    expect(await nodes()).toContain("w3 t stays");
    expect(await placements("w3")).toBeLessThan(shards);

    const killed = await launchLeave("w3", ["w1", "w2"]);
    await killed.shows("moved ");
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(await nodes()).toContain("w3 f leaves");
    expect(await placements("w3")).toBeGreaterThan(0);

    const { outcome: resumed } = await whileWriting(3_000_000_000, () => leave("w3", ["w1", "w2"]));
    expect(resumed).toMatchObject({ code: 0 });
    expect(await nodes()).toEqual(["w1 t stays", "w2 t stays", "foreign t unrecorded"]);
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pg_dist_cleanup")).toBe("0");
    expect(await citus.sql("coordinator", ROWS)).toBe(ALL_ROWS);
  });

  test("a worker that doesn't answer can't leave, nor can another one beside it", async () => {
    await renewed("w3");
    const before = await nodes();
    await docker("stop", citus.container("w3"));
    const dead = await leave("w3", ["w1", "w2"]);
    const other = await leave("w2", ["w1", "w3"]);
    await docker("start", citus.container("w3"));
    await citus.waitFor("w3");
    expect(dead).toMatchObject({ code: 1 });
    expect(dead.last).toMatch(/local\/w3: it does not answer.*pg-dist forget.*nothing was changed/);
    expect(other).toMatchObject({ code: 1 });
    expect(other.last).toMatch(/local\/w2 was not removed: local\/w3: it does not answer/);
    // A container that is gone comes after the removal in Terraform's order.
    expect(other.last).toMatch(
      /missing container must be recreated before the removal, in \S+: terraform apply -target=docker_container\."local_w3"$/,
    );
    expect(dead.last).not.toContain("-target");
    expect(await nodes()).toEqual(before);
  });

  test("a shard that is locked is tried again, and a worker that was never recorded is recognised by its name", async () => {
    await citus.sql("coordinator", "DELETE FROM pgdist.node WHERE id = 'local/w3'");
    const shards = `(SELECT array_agg(shardid) FROM citus_shards WHERE nodename = '${citus.container("w3")}')`;
    // What a write holds until its transaction ends.
    const held = citus
      .sql(
        "coordinator",
        `SET application_name = 'holder'; BEGIN; SELECT 1 FROM (SELECT lock_shard_metadata(5, ${shards})) t; SELECT pg_sleep(300)`,
      )
      .catch(() => "ended");
    // The other one that leaves is marked too; its own removal has failed, or was never begun.
    const run = await launchLeave("w3", ["w1"]);
    await run.shows("is in use, trying again");
    await citus.sql(
      "coordinator",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'",
    );
    const outcome = await run.ended;
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).toContain("marked as leaving: local/w2, local/w3");
    expect(outcome.output).toContain("no longer marked as leaving: local/w2");
    expect(await held).toBe("ended");
    expect(await nodes()).toEqual(["w1 t stays", "w2 t stays", "foreign t unrecorded"]);
  });

  test("a worker that was to leave and is wanted again gets shards", async () => {
    await renewed("w3");
    const others = `nodename IN ('${citus.container("w1")}', '${citus.container("foreign")}')`;
    await citus.sql(
      "coordinator",
      `SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', false) FROM pg_dist_node WHERE groupid <> 0;
       UPDATE pgdist.node SET leaving = now() WHERE id IN ('local/w2', 'local/w3')`,
    );
    const outcome = await leave("w2", ["w1", "w3"]);
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).not.toMatch(/moving to (?!local\/w3)/);
    expect(await nodes()).toEqual(["w1 f stays", "w3 t stays", "foreign f unrecorded"]);
    await citus.sql(
      "coordinator",
      `SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true) FROM pg_dist_node WHERE ${others}`,
    );
  });

  test("a worker that stays is followed to the endpoint that an apply gave it which then failed", async () => {
    await registered("w1", "w3");
    const [old, changed] = [citus.container("w1"), citus.container("w1-moved")];
    await docker("rename", old, changed);
    const staying = await citus.cluster(["w1"], { w1: { host: changed, port: 5432 } });
    const run = await citus.launch(staying, {}, ["leave", "--node", "local/w3"]);
    const outcome = await run.ended;
    await docker("rename", changed, old);
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.output).toContain(`local/w1: ${old}:5432 is now ${changed}:5432`);
    // Wanted again before Terraform came to destroying it, it joins as any new worker.
    await registered("w1", "w3");
    expect(await citus.sql("coordinator", ROWS)).toBe(ALL_ROWS);
  });

  test("an empty server in the place of a worker is not taken for it", async () => {
    await registered("w1", "w3");
    await citus.remove("w3");
    await citus.removeVolume("w3");
    await citus.start("w3", named("w3"));
    const outcome = await leave("w3", ["w1"]);
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(
      /local\/w3: another server answers at .*its volume was replaced, or its extension was recreated: `npx pg-dist status test`/,
    );
    expect(await nodes()).toContain("w3 t stays");
  });

  test("the coordinator can't be removed, also when the environment names another", async () => {
    const cluster = await citus.cluster(["w1"]);
    const nodes = cluster.nodes.map((node, index) =>
      index === 0 ? { ...node, id: "other/coordinator" } : node,
    );
    const wanted = { ...cluster, ephemeral: false, nodes };
    const { ended } = await citus.launch(wanted, {}, ["leave", "--node", "local/coordinator"]);
    const outcome = await ended;
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toContain("local/coordinator is no longer the coordinator in environment test");
  });

  /** As the constructs start a node: its name says who it is. The foreign one was started by somebody else. */
  function named(name: string) {
    return name === "foreign"
      ? {}
      : { settings: [`cluster_name=${citus.prefix} local/${name} ${citus.container(name)}:5432`] };
  }

  async function registered(...names: string[]): Promise<void> {
    const { code, output } = await citus.register(await citus.cluster(names));
    expect(code, output).toBe(0);
  }

  /** A worker that left joins again with an empty volume, and gets its share of the shards. */
  async function renewed(name: string): Promise<void> {
    await citus.remove(name);
    await citus.removeVolume(name);
    await citus.start(name, named(name));
    const others = (await nodes()).flatMap((line) => /^(w\d) /.exec(line)?.[1] ?? []);
    await registered(...others, name);
    await citus.sql(
      "coordinator",
      "SELECT rebalance_table_shards(threshold => 0, shard_transfer_mode => 'block_writes')",
    );
    await citus.sql("coordinator", "CALL citus_cleanup_orphaned_resources()");
    expect(await placements(name)).toBeGreaterThan(4);
  }

  async function leave(name: string, staying: readonly string[]): Promise<Outcome> {
    return (await launchLeave(name, staying)).ended;
  }

  async function launchLeave(name: string, staying: readonly string[]) {
    const run = await citus.launch(await citus.cluster(staying), {}, ["leave", "--node", `local/${name}`]);
    /** Waits until its output has the text. */
    const shows = (text: string) =>
      new Promise<void>((resolve, reject) => {
        let output = "";
        run.child.stdout?.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes(text)) resolve();
        });
        void run.ended.then((outcome) => reject(new Error(`ended without "${text}":\n${outcome.output}`)));
      });
    return { ...run, shows };
  }

  /** Runs it with writers, and expects every acknowledged row to be there once. */
  async function whileWriting(firstId: number, work: () => Promise<Outcome>) {
    const port = (await citus.cluster([])).nodes[0]?.published?.port ?? 0;
    const writers = await Writers.start("orders", firstId, { port, password: citus.password });
    let outcome: Outcome;
    try {
      outcome = await work();
    } finally {
      await writers.stop();
    }
    expect(writers.errors).toEqual([]);
    expect(writers.acknowledged.length).toBeGreaterThan(0);
    const ids = await citus.sql("coordinator", `SELECT id FROM orders WHERE id >= ${firstId}`);
    expect(ids.split("\n").map(Number).sort()).toEqual(writers.acknowledged.sort());
    return { outcome, writers };
  }

  /** `w1 t stays`: name, shouldhaveshards, and how it is recorded. */
  async function nodes(): Promise<string[]> {
    const rows = await citus.sql(
      "coordinator",
      `SELECT n.nodename || ' ' || CASE WHEN n.shouldhaveshards THEN 't' ELSE 'f' END || ' ' ||
              coalesce((SELECT CASE WHEN r.leaving IS NULL THEN 'stays' ELSE 'leaves' END FROM pgdist.node r WHERE r.nodeid = n.nodeid), 'unrecorded')
         FROM pg_dist_node n WHERE groupid <> 0 ORDER BY n.nodename = '${citus.container("foreign")}', n.nodename`,
    );
    return rows.split("\n").map((row) => row.replace(`${citus.prefix}-`, ""));
  }

  async function placements(name: string): Promise<number> {
    const where = `nodename = '${citus.container(name)}' AND citus_table_type <> 'reference'`;
    return Number(await citus.sql("coordinator", `SELECT count(*) FROM citus_shards WHERE ${where}`));
  }

  /** Tables whose shards are left on a server. */
  async function orphansOn(name: string): Promise<string[]> {
    const rows = await citus.sql(
      name,
      "SELECT DISTINCT regexp_replace(relname, '_\\d+$', '') FROM pg_class WHERE relkind IN ('r', 'p') AND relname ~ '_1\\d{5}$'",
    );
    return rows.split("\n").filter(Boolean);
  }
});
