import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, docker } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";
import { holdSession } from "../fixtures/held-session";
import { writePickyTable } from "../fixtures/picky-table";

/** What stands against emptying a worker, or ends it, and what its message says is done. Each step leaves it with shards. */
describeOnCitus("what a drain says is done, and helps", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await citus.create();
    await Promise.all(["coordinator", "w1", "w2", "w3"].map((name) => citus.start(name)));
    const { code, output } = await citus.register(await citus.cluster(["w1", "w2", "w3"]));
    expect(code, output).toBe(0);
    await project.declare(["w1", "w2", "w3"]);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY, note text);
       CREATE TABLE doomed (id bigint PRIMARY KEY);
       SELECT create_distributed_table('orders', 'id', shard_count => 6);
       SELECT create_distributed_table('doomed', 'id', shard_count => 3, colocate_with => 'none');
       INSERT INTO orders SELECT i, repeat('x', 100) FROM generate_series(1, 3000) i`,
    );
    await citus.sql(
      "coordinator",
      `CREATE FUNCTION public.none(node int) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT 0::real';
       SELECT citus_add_rebalance_strategy('nowhere', 'citus_shard_cost_1', 'public.none', 'citus_shard_allowed_on_node_true', 0)`,
    );
    await citus.sql("w3", "CREATE DATABASE reports");
    await citus.sql("w3", "CREATE TABLE sums (n int)", "reports");
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  test("no room any more: the next run says why, and goes on once that is mended", async () => {
    // It is looked before the mark, which waits for the list of nodes.
    const holder = await holdSession(citus.container("coordinator"), "postgres", "BEGIN; DROP TABLE doomed;");
    const run = drain();
    await expect.poll(run.output, { timeout: 60_000 }).toMatch(/waits for process .*DROP TABLE doomed/);
    await strategy("nowhere");
    await holder.release("COMMIT;");
    const failed = await run.ended;
    expect(failed.code, failed.output).toBe(1);
    expect(failed.last).toMatch(
      /the remaining nodes no longer have room for the shards of local\/w3, or may no longer have them: run it again: it says which/,
    );
    const again = await drain().ended;
    expect(again.code, again.output).toBe(4);
    expect(again.last).toContain("strategy nowhere forbids");
    await strategy("by_disk_size");
    await expectDrained();
  });

  test("a shard that is locked all the while: what ends it", async () => {
    const shards = `(SELECT array_agg(shardid) FROM citus_shards WHERE nodename = '${citus.container("w3")}')`;
    const holder = await holdSession(
      citus.container("coordinator"),
      "postgres",
      `BEGIN; SELECT 1 FROM (SELECT lock_shard_metadata(5, ${shards})) t;`,
    );
    const failed = await drain().ended;
    expect(failed.code, failed.output).toBe(1);
    expect(failed.last).toMatch(
      /moving shard \d+ of \S+ was given up after 12 tries: it is in use by process/,
    );
    const [, statement = ""] = /in SQL on the coordinator: (.*?); then run it again/.exec(failed.last) ?? [];
    await citus.sql("coordinator", statement);
    await holder.release();
    await expectDrained();
  });

  test("changes that can't be applied on the target: the log says why, and a move with waiting writes doesn't need it", async () => {
    const { stopWriting } = await writePickyTable(citus);
    const failed = await drain().ended;
    expect(failed.code, failed.output).toBe(1);
    expect(failed.last).toContain("can't apply the writes made meanwhile");
    const [, command = ""] = /`npx pg-dist (logs [^`]*)`/.exec(failed.last) ?? [];
    const log = await project.run(...command.split(" "));
    expect(log.output).toMatch(/violates check constraint "picky_check"/);
    expect(failed.last).toContain("PGDIST_SHARD_TRANSFER_MODE=block_writes");
    await expectDrained("--mode", "block_writes");
    await stopWriting();
    await citus.sql("coordinator", "DROP TABLE picky");
  });

  test("a mark that can't be lifted: the next run goes on with it, and a registration lifts it", async () => {
    for (const wanted of [false, true]) {
      const holder = await holdSession(
        citus.container("w3"),
        "reports",
        "BEGIN; INSERT INTO sums VALUES (1);",
      );
      const run = drain();
      await expect.poll(run.output, { timeout: 60_000 }).toMatch(/waits for process .*INSERT INTO sums/);
      await docker("stop", "-t", "2", citus.container("w2"));
      await docker("stop", "-t", "2", citus.container("w1"));
      run.child.kill("SIGINT");
      const failed = await run.ended;
      await holder.release();
      expect(failed.code, failed.output).toBe(1);
      expect(failed.output).toMatch(
        /local\/w3 stay marked as leaving: .*: the next \w+ goes on with them, or lifts the marks/,
      );
      for (const name of ["w1", "w2"]) {
        await docker("start", citus.container(name));
        await citus.waitFor(name);
      }
      expect(await marked()).toBe("local/w3");
      if (wanted) {
        const { code, output } = await citus.register(await citus.cluster(["w1", "w2", "w3"]));
        expect(code, output).toBe(0);
        expect(output).toContain("local/w3: no longer leaves: it takes shards again");
        expect(await marked()).toBe("");
      } else await expectDrained();
    }
  });

  test("what another node refuses at the removal: mended, it goes on", async () => {
    await citus.sql(
      "w1",
      `SET citus.enable_ddl_propagation = off; SET allow_system_table_mods = on;
       CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no node goes''; END';
       CREATE TRIGGER keep BEFORE DELETE ON pg_dist_node FOR EACH ROW EXECUTE FUNCTION public.keep()`,
    );
    const failed = await project.run("remove", "test", "w3", "--yes");
    expect(failed.code, failed.output).toBe(1);
    expect(failed.last).toMatch(
      /the coordinator says: no node goes \(PL\/pgSQL function (?:public\.)?keep\(\) .* executing command on \S+-w1:5432\): fix what the server reports; the log of local\/w1 may say more; then run it again/,
    );
    await citus.sql(
      "w1",
      `SET citus.enable_ddl_propagation = off; SET allow_system_table_mods = on;
       DROP TRIGGER keep ON pg_dist_node; DROP FUNCTION public.keep()`,
    );
    const removed = await project.run("remove", "test", "w3", "--yes");
    expect(removed.code, removed.output).toBe(0);
    expect(removed.output).toContain("local/w3: removed from the cluster");
  });

  test("a role that the target of a move lacks", async () => {
    expect(await project.run("add", "test", "w3")).toMatchObject({ code: 0 });
    await citus.sql("coordinator", "SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')");
    await citus.sql("coordinator", "CALL citus_cleanup_orphaned_resources()");
    await citus.sql(
      "coordinator",
      `SET citus.enable_ddl_propagation = off; SET citus.enable_create_role_propagation = off;
       CREATE ROLE "My app"; GRANT SELECT ON orders TO "My app"`,
    );
    await citus.sql("w3", 'SET citus.enable_create_role_propagation = off; CREATE ROLE "My app"');
    // Each of both targets in turn.
    for (let number = 0; number < 2; number++) {
      const failed = await drain().ended;
      expect(failed.code, failed.output).toBe(1);
      const [, statement = "", name = ""] =
        /: (SET citus\.enable_create_role_propagation = off; CREATE ROLE "My app") on local\/(w\d),/.exec(
          failed.last,
        ) ?? [];
      await citus.sql(name, statement);
    }
    await expectDrained();
  });

  const drain = (...flags: string[]) => project.launch("drain", "test", "local/w3", "--yes", ...flags);

  /** That it goes through now; afterwards the worker has shards as before. */
  async function expectDrained(...flags: string[]): Promise<void> {
    expect(await shardsOn("w3")).not.toBe("0");
    const { code, output } = await drain(...flags).ended;
    expect(code, output).toBe(0);
    expect(await shardsOn("w3")).toBe("0");
    expect(await project.run("add", "test", "w3")).toMatchObject({ code: 0 });
    await citus.sql("coordinator", "SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')");
    await citus.sql("coordinator", "CALL citus_cleanup_orphaned_resources()");
  }

  const marked = () =>
    citus.sql("coordinator", "SELECT string_agg(id, ' ') FROM pgdist.node WHERE leaving IS NOT NULL");

  const strategy = (name: string) =>
    citus.sql("coordinator", `SELECT citus_set_default_rebalance_strategy('${name}')`);

  const shardsOn = (name: string) =>
    citus.sql("coordinator", `SELECT count(*) FROM citus_shards WHERE nodename = '${citus.container(name)}'`);
});
