import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCK_KEY } from "../../../../operations/cluster/nodes/lock";
import { CitusContainers, describeOnCitus } from "../../../fixtures/citus-containers";
import { CitusProject } from "../../../fixtures/citus-project";
import { expectShape } from "../../../fixtures/json-shape";
import { Writers } from "../../../fixtures/writers";

/** The guide's maintenance of a worker, by `pg-dist drain | remove | add`. Steps in their order. */
describeOnCitus("maintenance on real Citus", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await citus.create();
    // As the constructs start a node, its name says who it is; w3 was started by somebody else.
    const named = { settings: [`cluster_name=${citus.prefix} local/w2 ${citus.container("w2")}:5432`] };
    await Promise.all([
      ...["coordinator", "w1", "w3"].map((name) => citus.start(name)),
      citus.start("w2", named),
    ]);
    expect(await citus.register(await citus.cluster(["w1", "w2"]))).toMatchObject({ code: 0 });
    await project.declare(["w1", "w2"]);
    await citus.sql(
      "coordinator",
      `CREATE TYPE mood AS ENUM ('good', 'bad');
       CREATE SCHEMA "odd '$pgdist$"; CREATE TABLE "odd '$pgdist$".thing (id bigint PRIMARY KEY);
       SELECT create_reference_table('"odd ''$pgdist$".thing');
       CREATE TABLE country (code text PRIMARY KEY);
       CREATE TABLE orders (id bigserial PRIMARY KEY, note text, mood mood, country text);
       CREATE TABLE lines (id bigint PRIMARY KEY, note text);
       SELECT create_reference_table('country');
       SELECT create_distributed_table('orders', 'id', shard_count => 6);
       SELECT create_distributed_table('lines', 'id', colocate_with => 'orders');
       ALTER TABLE orders ADD FOREIGN KEY (country) REFERENCES country (code);
       CREATE AGGREGATE counted(*) (sfunc = int8inc, stype = int8, initcond = '0');
       CREATE AGGREGATE share(float8 ORDER BY anyelement) (sfunc = ordered_set_transition, stype = internal,
         finalfunc = percentile_disc_final, finalfunc_extra);
       CREATE FUNCTION "odd f"("odd a" text[], mood mood DEFAULT 'good', OUT x int, OUT y int) LANGUAGE sql AS 'SELECT 1, 2';
       CREATE PROCEDURE settle(INOUT a int, VARIADIC b mood[]) LANGUAGE plpgsql AS $$ BEGIN a := 1; END $$;
       CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TYPE pair AS (a positive, b mood);
       CREATE COLLATION german (provider = icu, locale = 'de-DE');
       CREATE TEXT SEARCH DICTIONARY plain (template = simple);
       CREATE TEXT SEARCH CONFIGURATION words (copy = english);
       ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword WITH plain;
       CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
       CREATE FOREIGN TABLE passwd (line text) SERVER files OPTIONS (filename '/etc/passwd');
       SELECT citus_add_local_table_to_metadata('passwd');
       CREATE SEQUENCE numbers; CREATE TABLE counted (id bigint PRIMARY KEY DEFAULT nextval('numbers'), p pair, t text COLLATE german);
       SELECT create_distributed_table('counted', 'id', colocate_with => 'orders');
       CREATE PUBLICATION changes FOR TABLE orders;
       CREATE VIEW count_of_orders AS SELECT count(*) FROM orders;
       INSERT INTO country VALUES ('de'), ('fr');
       INSERT INTO orders (id, mood, country) SELECT i, 'good', 'de' FROM generate_series(1, 1000) i;
       INSERT INTO lines SELECT i, 'x' FROM generate_series(1, 1000) i`,
    );
    await citus.sql(
      "coordinator",
      `SET citus.enable_schema_based_sharding = on; CREATE SCHEMA tenant1; CREATE TABLE tenant1.invoice (id bigint PRIMARY KEY);
       INSERT INTO tenant1.invoice SELECT generate_series(1, 100)`,
    );
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  test("drain asks, and is refused where nobody can answer", async () => {
    for (const command of ["drain", "remove"]) {
      const json = await project.run(command, "test", "w2", "--json");
      expect(json.code, json.output).toBe(4);
      const { failure } = expectShape<{ failure: { summary: string } }>("failure", json.stdout);
      expect(failure.summary).toContain("This needs a confirmation, and there is no terminal to ask on");
    }
    const outcome = await project.run("drain", "test", "w2");
    expect(outcome.code, outcome.output).toBe(4);
    expect(outcome.last).toMatch(
      /drain local\/w2 of test: \d+ shards with .* move to the other nodes\. This needs a confirmation, and there is no terminal to ask on: .*--yes/,
    );
    expect(await nodes()).toEqual(["w1 t", "w2 t"]);
  });

  test("a worker that lacks one of its shards is named before any other moves", async () => {
    const lost = await citus.sql(
      "w2",
      `SELECT shard_name(logicalrelid, shardid) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)
         JOIN pg_dist_local_group USING (groupid) WHERE logicalrelid = 'lines'::regclass ORDER BY shardid DESC LIMIT 1`,
    );
    const rename = (from: string, to: string) =>
      citus.sql(
        "w2",
        `SET citus.enable_ddl_propagation = off; SET citus.enable_manual_changes_to_shards = on; ALTER TABLE ${from} RENAME TO ${to}`,
      );
    const before = await shards("w2");
    await rename(lost, "put_aside");
    const refused = await project.run("drain", "test", "w2", "--yes", "--mode", "block_writes");
    const unplanned = await project.run("rebalance", "test", "plan");
    const status = await project.run("status", "test", "--timeout", "60");
    await rename("put_aside", lost);
    const named = `1 shard(s) that the metadata places on it are not there: public.${lost}`;
    expect(refused.code, refused.output).toBe(4);
    expect(refused.last).toContain(`local/w2 was not drained: local/w2: ${named}: `);
    expect(await shards("w2")).toBe(before);
    expect(unplanned.code, unplanned.output).toBe(1);
    expect(unplanned.last).toMatch(
      /can't be planned: Citus can't get the size of a shard: `npx pg-dist status test` names the shard/,
    );
    expect(status.output).toContain(named);
  });

  test("a drained worker stays without shards through an apply, until it is added again", async () => {
    // --timeout is no limit for what is done: it waits longer for the lock of another run.
    const drain = ["drain", "test", "w2", "--yes", "--mode", "block_writes", "--timeout", "4"];
    const drained = await besideAnotherRun(drain, () => sleep(6000));
    expect(drained.code, drained.output).toBe(0);
    expect(drained.output).toMatch(/local\/w2: moved \d+ shards/);
    expect(drained.output).toContain("the environment lists it, and an apply leaves it as it is now");
    expect(drained.last).toContain("npx pg-dist remove test local/w2");
    expect(await shards("w2")).toBe(0);

    const applied = await citus.register(await citus.cluster(["w1", "w2"]));
    expect(applied.code, applied.output).toBe(0);
    expect(applied.output).toMatch(
      /local\/w2: takes no shards .*: left as it is.*npx pg-dist add test local\/w2/,
    );
    expect(await nodes()).toEqual(["w1 t", "w2 f"]);

    const cancelled = await besideAnotherRun(["add", "test", "local/w2"], () =>
      citus.sql(
        "coordinator",
        `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pg-dist add%'`,
      ),
    );
    expect(cancelled.code, cancelled.output).toBe(1);
    expect(cancelled.last).toContain("canceling statement due to user request");
    const added = await project.run("add", "test", "local/w2", "--json");
    expect(added.code, added.output).toBe(0);
    expect(expectShape("add", added.stdout)).toMatchObject({ outcome: "resumed", wiped: false, added: [] });
    expect(added.output).toContain("local/w2: takes shards again");
    expect(added.output).not.toContain("nothing was changed");
    expect(added.output).toMatch(/a rebalance would move \d+ shards/);
    expect(await nodes()).toEqual(["w1 t", "w2 t"]);
  });

  test("a removed worker is left empty but for what was never the cluster's, and can be added again", async () => {
    await citus.sql("coordinator", "SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')");
    await citus.sql("coordinator", "CALL citus_cleanup_orphaned_resources()");
    expect(await shards("w2")).toBeGreaterThan(2);
    await citus.sql("w2", "SET citus.enable_ddl_propagation = off; CREATE TABLE mine (mood mood)");
    const port = (await citus.cluster([])).nodes[0]?.published?.port ?? 0;
    const writers = await Writers.start("orders", 1_000_000_000, { port, password: citus.password });
    const before = await shards("w2");
    const removed = await project.run("remove", "test", "w2", "--yes", "--json");
    await writers.stop();
    expect(removed.code, removed.output).toBe(0);
    expect(writers.errors).toEqual([]);
    const report = expectShape<{ moved: { shards: number; bytes: number }; dropped: number }>(
      "remove",
      removed.stdout,
    );
    expect(report).toMatchObject({
      ...{ environment: "test", database: "postgres", node: "local/w2", mode: "auto", wasRegistered: true },
      kept: [{ what: "type public.mood" }, { what: "table public.mine (0 bytes)" }],
    });
    expect(report.moved.shards).toBe(before);
    expect(report.moved.bytes).toBeGreaterThan(8192);
    expect(report.dropped).toBeGreaterThan(10);
    expect(removed.output).toMatch(/its server keeps nothing else of the cluster \(\d+ objects dropped\)/);
    expect(removed.output).toContain("it keeps table public.mine (0 bytes), which was never the cluster's");
    expect(removed.output).not.toMatch(/it keeps (?!table public\.mine)/);
    expect(removed.output).toMatch(
      /the environment still lists it: the next apply that changes .* adds it again/,
    );
    expect(await nodes()).toEqual(["w1 t"]);
    // The type stays with the table that uses it.
    expect(await objects("w2")).toBe("mine mood");

    const refused = await project.run("add", "test", "w2");
    expect(refused.code, refused.output).toBe(4);
    expect(refused.last).toMatch(/local\/w2 is not empty: it holds 1 table\(s\) of its own \(public\.mine\)/);

    await citus.sql("w2", "DROP TABLE mine");
    const again = await project.run("remove", "test", "w2", "--yes", "--json");
    expect(expectShape("remove", again.stdout)).toMatchObject({
      ...{ wasRegistered: false, moved: { shards: 0, bytes: 0 }, kept: [] },
    });
    expect(again.output).toContain("local/w2: is not registered: nothing to move");
    expect(await objects("w2")).toBe("");

    const added = await project.run("add", "test", "w2", "--json");
    expect(added.code, added.output).toBe(0);
    expect(expectShape("add", added.stdout)).toMatchObject({
      ...{ node: "local/w2", outcome: "registered", wiped: false, added: ["local/w2"] },
      moved: { shards: 0, bytes: 0 },
    });
    expect(added.output).toMatch(/local\/w2: added as node \d+/);
    expect(added.output).toContain("9 of 9 pairs healthy");
    const ids = await citus.sql("coordinator", "SELECT id FROM orders WHERE id >= 1000000000");
    expect(ids.split("\n").map(Number).sort()).toEqual(writers.acknowledged.sort());
    const rows =
      "SELECT concat_ws(' ', (SELECT count(*) FROM lines), (SELECT count(*) FROM country), (SELECT count(*) FROM tenant1.invoice))";
    for (const name of ["coordinator", "w1", "w2"]) expect(await citus.sql(name, rows)).toBe("1000 2 100");
    await citus.sql("coordinator", "SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')");
    expect(await shards("w2")).toBeGreaterThan(2);
    expect(await citus.sql("w2", "SELECT count(*) FROM lines")).toBe("1000");
  });

  test("a server that isn't empty is wiped only with its id typed, and never one that is registered", async () => {
    await project.declare(["w1", "w2", "w3"]);
    await citus.sql(
      "w3",
      "CREATE SCHEMA shop; CREATE TABLE shop.item AS SELECT generate_series(1, 1000) AS id",
    );
    const foreign = await project.run("remove", "test", "w3", "--yes");
    expect(foreign.code, foreign.output).toBe(4);
    expect(foreign.last).toMatch(/the server at .* doesn't say that it is this node .*: it was not touched/);
    const wrong = await project.run("add", "test", "w3", "--wipe", "--confirm", "w3");
    expect(wrong.code, wrong.output).toBe(4);
    expect(wrong.last).toContain("w3 is not local/w3: nothing was changed");
    const unasked = await project.run("add", "test", "w3", "--wipe");
    expect(unasked.code, unasked.output).toBe(4);
    expect(unasked.last).toMatch(
      /local\/w3 holds 1 table\(s\) of its own \(shop\.item\); its database has .* MB/,
    );
    expect(await citus.sql("w3", "SELECT count(*) FROM shop.item")).toBe("1000");

    const wiped = await project.run("add", "test", "w3", "--wipe", "--confirm", "local/w3");
    expect(wiped.code, wiped.output).toBe(0);
    expect(wiped.output).toContain("local/w3: wiped");
    expect(wiped.output).toContain("16 of 16 pairs healthy");
    expect(await citus.sql("w3", "SELECT to_regnamespace('shop') IS NULL")).toBe("t");

    // Registered already: there is nothing to wipe.
    const once = await project.run("add", "test", "w3", "--wipe", "--confirm", "local/w3", "--json");
    expect(once.code, once.output).toBe(0);
    expect(expectShape("add", once.stdout)).toMatchObject({ outcome: "unchanged", wiped: false, added: [] });
    expect(once.output).toContain("local/w3: is registered already, and takes shards");
    expect(once.output).toContain("nothing was changed");
  });

  test("a server that another cluster counts on is not wiped", async () => {
    // As far as its own metadata tells, it is node 1 of this coordinator: so it would look from another cluster.
    const w3 = `'${citus.container("w3")}', 5432`;
    await citus.sql(
      "coordinator",
      `SELECT citus_remove_node(${w3}); DELETE FROM pgdist.node WHERE id = 'local/w3'`,
    );
    await citus.sql("w3", "UPDATE pg_dist_local_group SET groupid = 1; CREATE TABLE kept (id int)");
    const refused = await project.run("add", "test", "w3", "--wipe", "--confirm", "local/w3");
    expect(refused.code, refused.output).toBe(4);
    expect(refused.last).toMatch(
      /local\/w3 is not wiped: it is a worker of the cluster at .*-coordinator:5432/,
    );
    // A single server that is its own cluster's coordinator.
    await citus.start("single", { settings: ["cluster_name=other local/single 10.0.0.9:5432"] });
    await project.declare(["w1", "w2", "single"]);
    const wipe = ["add", "test", "single", "--wipe", "--confirm", "local/single"];
    await citus.sql("single", "CREATE TABLE kept (id int)");
    const named = await project.run(...wipe);
    expect(named.code, named.output).toBe(4);
    expect(named.last).toMatch(/local\/single is not wiped: .* is another node: "other local\/single 10/);
    await citus.remove("single");
    await citus.start("single");
    await citus.sql("single", "SELECT create_distributed_table('kept', 'id')");
    const single = await project.run(...wipe);
    expect(single.code, single.output).toBe(4);
    expect(single.last).toMatch(/local\/single is not wiped: .* is the coordinator of another cluster/);
    for (const name of ["w3", "single"]) expect(await citus.sql(name, "SELECT count(*) FROM kept")).toBe("0");
  });

  test("a worker that was added by hand is drained and removed by its endpoint, and Terraform never takes it for ours", async () => {
    await citus.start("stray");
    const stray = `${citus.container("stray")}:5432`;
    await citus.sql("coordinator", `SELECT citus_add_node('${citus.container("stray")}', 5432)`);
    await citus.sql("coordinator", "SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')");
    await citus.sql("coordinator", "CALL citus_cleanup_orphaned_resources()");
    expect(await shards("stray")).toBeGreaterThan(0);
    await project.declare(["w1", "w2"]);
    // As if its address led to a worker of another cluster by now.
    const group = await citus.sql("stray", "SELECT groupid FROM pg_dist_local_group");
    await citus.sql("stray", "UPDATE pg_dist_local_group SET groupid = 99");
    const foreign = await project.run("remove", "test", stray, "--yes");
    expect(foreign.code, foreign.output).toBe(4);
    expect(foreign.last).toMatch(/is a worker of another cluster \("", group 99 instead of \d+\)/);
    await citus.sql("stray", `UPDATE pg_dist_local_group SET groupid = ${group}`);
    const seen = await project.run("status", "test");
    expect(seen.stdout.replace(/\s+/g, " ")).toContain(`\`npx pg-dist remove test ${stray}\``);

    // A drain that fails leaves it as it was: nothing else records what that was.
    await citus.sql(
      "coordinator",
      "CREATE TABLE blog (id int); SELECT create_distributed_table('blog', 'id')",
    );
    const immovable = await project.run("drain", "test", stray, "--yes");
    expect(immovable.code, immovable.output).toBe(4);
    expect(immovable.last).toContain("public.blog");
    expect(await nodes()).toContain("stray t");
    const there = await shards("stray");
    const drained = await project.run("drain", "test", stray, "--yes", "--mode", "block_writes", "--json");
    expect(drained.code, drained.output).toBe(0);
    expect(expectShape("drain", drained.stdout)).toMatchObject({
      ...{ node: stray, mode: "block_writes", moved: { shards: there } },
    });
    expect(await shards("stray")).toBe(0);
    expect(await nodes()).toContain("stray f");
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pgdist.node WHERE leaving IS NOT NULL")).toBe(
      "0",
    );
    expect(await citus.sql("coordinator", "SELECT string_agg(id, ' ' ORDER BY id) FROM pgdist.node")).toBe(
      "local/coordinator local/w1 local/w2",
    );

    // Once it is out of the cluster, something of its own keeps it from being emptied.
    await citus.sql(
      "stray",
      `SET citus.enable_ddl_propagation TO off;
       CREATE FUNCTION keep() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'all is kept'; END $$;
       CREATE EVENT TRIGGER keep ON ddl_command_start WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION keep()`,
    );
    const removed = await project.run("remove", "test", stray, "--yes");
    expect(removed.code, removed.output).toBe(1);
    expect(removed.output).toContain(`${stray}: removed from the cluster`);
    expect(removed.last).toMatch(
      /is removed from the cluster, but its server still has objects of the cluster: .*all is kept.*: by hand, by psql at .*: the statements above/,
    );
    expect(await nodes()).toEqual(["w1 t", "w2 t"]);
    const again = await project.run("remove", "test", stray, "--yes");
    expect(again).toMatchObject({ code: 2 });
    // What it says is what helps.
    await citus.sql(
      "stray",
      "SET citus.enable_ddl_propagation TO off; DROP EVENT TRIGGER keep; DROP FUNCTION keep()",
    );
    const lines = removed.output.split("\n").map((line) => line.trim());
    const statements = lines.filter((line) => /^(SET|DELETE|DROP) .*;$/.test(line));
    await citus.sql("stray", statements.join(" "));
    expect(await objects("stray")).toBe("");

    await citus.sql("coordinator", `SELECT citus_add_node('${citus.container("stray")}', 5432)`);
    const whole = await project.run("remove", "test", stray, "--yes");
    expect(whole.code, whole.output).toBe(0);
    expect(whole.output).toContain(`${stray}: removed from the cluster`);
    expect(whole.last).toContain("its server keeps nothing of the cluster");
    expect(await nodes()).toEqual(["w1 t", "w2 t"]);
    expect(await objects("stray")).toBe("");
  });

  test("neither the coordinator nor an unknown node", async () => {
    const coordinator = await project.run("remove", "test", "coordinator", "--yes");
    expect(coordinator.code, coordinator.output).toBe(4);
    expect(coordinator.last).toContain("local/coordinator is the coordinator");
    expect(await project.run("drain", "test", "w9", "--yes")).toMatchObject({ code: 2 });
    // It would hold shards from then on, and no command of ours took that back.
    const added = await project.run("add", "test", "coordinator");
    expect(added.code, added.output).toBe(4);
    expect(added.last).toContain("local/coordinator is the coordinator: it is not a worker to add");
    const holds = "SELECT shouldhaveshards FROM pg_dist_node WHERE groupid = 0";
    expect(await citus.sql("coordinator", holds)).toBe("f");
    // Unless somebody wants just that.
    const [statement = ""] = /SELECT citus_set_node_property\(.*?\)/.exec(added.last) ?? [];
    await citus.sql("coordinator", statement);
    expect(await citus.sql("coordinator", holds)).toBe("t");
    await citus.sql("coordinator", statement.replace("true)", "false)"));
  });

  test("a worker that Terraform would destroy undrained is not added by hand", async () => {
    const container = { mode: "managed", type: "docker_container", name: "local_w2", instances: [{}] };
    await project.file("state/test.tfstate", JSON.stringify({ version: 4, resources: [container] }));
    const refused = await project.run("add", "test", "w2");
    expect(refused.code, refused.output).toBe(4);
    expect(refused.last).toMatch(/local\/w2 is not yet a member to Terraform: .*npx cdktf deploy test/);
    const membership = { type: "null_resource", name: "membership", instances: [{ index_key: "local/w2" }] };
    await project.file(
      "state/test.tfstate",
      JSON.stringify({ version: 4, resources: [container, membership] }),
    );
    const added = await project.run("add", "test", "w2");
    expect(added.code, added.output).toBe(0);
  });

  /** Runs `pg-dist` while another run has the cluster's lock, until it says that it waits and the work is done. */
  async function besideAnotherRun(args: readonly string[], work: () => Promise<unknown>) {
    const hold = `SELECT pg_advisory_lock(${LOCK_KEY}); SELECT pg_sleep(600)`;
    const other = citus.sql("coordinator", hold).catch(() => undefined);
    const holder = `FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%pg_advisory_lock(${LOCK_KEY})%'`;
    const patience = { timeout: 60_000, interval: 200 };
    let run: ReturnType<typeof project.launch>;
    try {
      // Only once it sleeps does it have the lock.
      await expect.poll(() => citus.sql("coordinator", `SELECT count(*) ${holder}`), patience).toBe("1");
      run = project.launch(...args);
      await expect.poll(run.output, patience).toContain("waiting for another run to finish");
      await work();
    } finally {
      await citus.sql("coordinator", `SELECT pg_cancel_backend(pid) ${holder}`);
      await other;
    }
    return run.ended;
  }

  /** `w1 t`: name and shouldhaveshards. */
  async function nodes(): Promise<string[]> {
    const rows = await citus.sql(
      "coordinator",
      "SELECT nodename || ' ' || left(shouldhaveshards::text, 1) FROM pg_dist_node WHERE groupid <> 0 ORDER BY 1",
    );
    return rows.split("\n").map((row) => row.replace(`${citus.prefix}-`, ""));
  }

  async function shards(name: string): Promise<number> {
    const where = `nodename = '${citus.container(name)}' AND citus_table_type <> 'reference'`;
    return Number(await citus.sql("coordinator", `SELECT count(*) FROM citus_shards WHERE ${where}`));
  }

  /** Tables, sequences, views, types and schemas that are neither PostgreSQL's nor an extension's. */
  async function objects(name: string): Promise<string> {
    return citus.sql(
      name,
      `SELECT string_agg(name, ' ' ORDER BY name) FROM (
         SELECT relname AS name, oid FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'S') AND oid >= 16384
         UNION ALL SELECT typname, oid FROM pg_type WHERE typtype = 'e' AND oid >= 16384
         UNION ALL SELECT nspname, oid FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_') o
        WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')`,
    );
  }
});
