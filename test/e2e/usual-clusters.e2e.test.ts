import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, docker, startCluster } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";

/** All kinds of tables, and what else people have in a cluster: nothing of it is a fault. */
const TABLES = [
  `  CREATE TABLE orders (id bigint PRIMARY KEY, note text);
  SELECT create_distributed_table('orders', 'id', shard_count => 4);
  CREATE TABLE country (code text PRIMARY KEY);
  SELECT create_reference_table('country');
  `,
  `CREATE TABLE appended (a int); SELECT create_distributed_table('appended', 'a', 'append');
  SELECT master_create_empty_shard('appended'); SELECT master_create_empty_shard('appended');
  CREATE TABLE ranged (a int); SELECT create_distributed_table('ranged', 'a', 'range');
  SELECT master_create_empty_shard('ranged');
  CREATE TABLE events (id bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  CREATE TABLE events_default PARTITION OF events DEFAULT;
  SELECT create_distributed_table('events', 'id', shard_count => 4);
  `,
  `SET citus.enable_schema_based_sharding = on;
  CREATE SCHEMA "Tenant B ü"; CREATE TABLE "Tenant B ü"."t ""x"" y" (a int PRIMARY KEY);
  `,
  `CREATE TABLE "Tä.b'le" (id int PRIMARY KEY);
  SELECT create_distributed_table('"Tä.b''le"', 'id', shard_count => 2, colocate_with => 'none');
  `,
  `SET citus.shard_replication_factor = 2;
  CREATE TABLE twice (id int PRIMARY KEY);
  SELECT create_distributed_table('twice', 'id', shard_count => 2, colocate_with => 'none');
  `,
  `CREATE TABLE added (a int PRIMARY KEY); SELECT citus_add_local_table_to_metadata('added');
  CREATE TABLE plain (a int); INSERT INTO plain SELECT generate_series(1, 1000);
  CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM plain;
  SELECT pg_create_physical_replication_slot('for_a_standby');`,
];

/** What Citus makes on the shards too, each by itself. */
const PARTS = [
  `CREATE EXTENSION btree_gist`,
  `CREATE TABLE parent (id bigint PRIMARY KEY, code text, n serial, own bigint GENERATED ALWAYS AS IDENTITY, amount int DEFAULT 1 CONSTRAINT a_name_that_is_so_long_that_with_the_id_of_a_shard_it_is_cut CHECK (amount > 0), twice int GENERATED ALWAYS AS (amount * 2) STORED, at timestamptz DEFAULT now(), EXCLUDE USING gist (id WITH =, amount WITH =))`,
  `SELECT create_distributed_table('parent', 'id', shard_count => 4, colocate_with => 'none')`,
  `ALTER TABLE parent ADD CONSTRAINT known FOREIGN KEY (code) REFERENCES country`,
  `CREATE TABLE child (id bigint, line int, PRIMARY KEY (id, line))`,
  `SELECT create_distributed_table('child', 'id', colocate_with => 'parent')`,
  `ALTER TABLE child ADD CONSTRAINT its FOREIGN KEY (id) REFERENCES parent ON DELETE CASCADE`,
  `CREATE TABLE stripes (id bigint, v int) USING columnar`,
  `SELECT create_distributed_table('stripes', 'id', shard_count => 4, colocate_with => 'none')`,
  `INSERT INTO stripes SELECT i, i FROM generate_series(1, 1000) i`,
  `CREATE INDEX an_index_whose_name_is_so_long_that_with_the_id_of_a_shard_it_is_cut ON parent (lower(code), amount) WHERE amount > 5`,
  `CREATE INDEX ON events (at) INCLUDE (id)`,
  `CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')`,
  `CREATE INDEX only_here ON events_2027 (at DESC)`,
  `CREATE STATISTICS related (dependencies) ON code, amount FROM parent`,
  `ALTER TABLE parent ENABLE ROW LEVEL SECURITY`,
  `CREATE POLICY positive ON parent USING (amount > 0)`,
  `ALTER TABLE parent ADD COLUMN later text DEFAULT 'x', ADD COLUMN latest int`,
  `ALTER TABLE parent ADD CONSTRAINT not_three CHECK (latest <> 3)`,
  `ALTER TABLE parent DROP COLUMN later`,
  `ALTER TABLE parent RENAME COLUMN latest TO last`,
  `CREATE VIEW seen AS SELECT * FROM parent JOIN child USING (id)`,
  `CREATE PUBLICATION changes FOR TABLE parent, child`,
  `CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'`,
  `SET citus.enable_unsafe_triggers = on`,
  `CREATE TRIGGER keeps BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION kept()`,
];

describeOnCitus("a healthy cluster with all that Citus has and people make", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await startCluster(citus, ["w1", "w2"]);
    for (const statements of TABLES) await citus.sql("coordinator", statements);
    await docker(
      ...["exec", citus.container("coordinator"), "psql", "-h", "127.0.0.1", "-U", "postgres", "-q"],
      ...["-v", "ON_ERROR_STOP=1", ...PARTS.flatMap((statement) => ["-c", statement])],
    );
    await citus.sql("coordinator", "SELECT pg_create_physical_replication_slot('a_reader', true)");
    const host = citus.container("w1");
    await citus.sql("coordinator", `SELECT citus_add_secondary_node('nowhere', 5432, '${host}', 5432)`);
    await citus.sql("w2", "CREATE TABLE of_somebody (a int)");
    // psql runs the statements of one argument as one transaction, which PREPARE would have to end.
    await docker(
      ...["exec", citus.container("coordinator"), "psql", "-h", "127.0.0.1", "-U", "postgres", "-q"],
      ...["-c", "BEGIN", "-c", "CREATE TABLE prepared (a int)", "-c", "PREPARE TRANSACTION 'its app''s'"],
    );
    await project.declare(["w1", "w2"]);
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  test("status has nothing to say against it, also while tables are made and dropped", async () => {
    const busy = makeAndDropTables();
    try {
      for (let round = 0; round < 3; round++) {
        const { code, stdout } = await project.run("status", "test", "--json", "--timeout", "60");
        const { problems } = JSON.parse(stdout) as { problems: { severity: string; check: string }[] };
        expect(problems.filter(({ severity }) => severity !== "advice")).toEqual([]);
        expect(code).toBe(0);
        // Citus' own plan fails then, or ends the server.
        expect(await project.run("rebalance", "test", "plan", "--json")).toMatchObject({ code: 0 });
      }
    } finally {
      await busy.stop();
    }
  });

  test("doctor neither", async () => {
    const { code, output } = await project.run("doctor", "test", "--quiet", "--timeout", "60");
    // A disk of the machine may be nearly full, which is no matter of the cluster.
    expect(output).not.toMatch(/(warning|FAILED|skipped) +(?!disk|architecture)/);
    expect(output).toMatch(/, 0 failed/);
    expect(code).toBe(0);
  });

  test("tables are there with their sizes, whoever has their metadata, and those that Citus doesn't know", async () => {
    const { code, stdout } = await project.run("tables", "test", "--json", "--timeout", "60");
    const { tables } = JSON.parse(stdout) as { tables: { table: string; unreadable: number }[] };
    expect(tables.filter(({ unreadable }) => unreadable > 0)).toEqual([]);
    // Without the maps of free space and visibility, of which an empty table has none.
    for (const name of ["orders", "events_default", "twice"]) {
      const sum = `SELECT sum(shard_size) FROM citus_shards WHERE table_name = '${name}'::regclass AND nodename <> 'nowhere'`;
      const bytes = Number(await citus.sql("coordinator", sum));
      expect(tables).toContainEqual(expect.objectContaining({ table: `public.${name}`, bytes }));
    }
    for (const table of ["public.appended", "public.ranged", `"Tenant B ü"."t ""x"" y"`])
      expect(tables).toContainEqual(expect.objectContaining({ table, node: null }));
    expect(tables.filter((each) => "type" in each && each.type === "plain")).toEqual([
      expect.objectContaining({ table: "public.counted", node: "local/coordinator" }),
      expect.objectContaining({ table: "public.plain", node: "local/coordinator", owner: "postgres" }),
      expect.objectContaining({ table: "public.of_somebody", node: "local/w2", shards: 0 }),
    ]);
    expect(code).toBe(0);
  });

  test("nothing of it was made on a shard by people, or would go with one", async () => {
    for (const worker of ["w1", "w2"]) {
      const { code, output } = await project.run("drain", "test", `local/${worker}`, "--yes");
      // On two nodes a table with two replicas can't leave either of them, so that nothing moves.
      expect(code, output).toBe(4);
      expect(output).toMatch(/every remaining node has a replica|are left over/);
      expect(output).not.toMatch(/depends on/);
      expect(output).not.toMatch(/was created on shard/);
    }
  });

  test("sizes are told beside somebody's open ALTER TABLE, and who keeps a rebalance from being planned", async () => {
    const psql = [
      ...["exec", "-i", citus.container("coordinator")],
      "psql",
      "-h",
      "127.0.0.1",
      "-U",
      "postgres",
    ];
    const session = spawn("docker", [...psql, "-qAt"]);
    const ended = new Promise((resolve) => session.once("close", resolve));
    session.stdin.write("BEGIN; ALTER TABLE orders ADD COLUMN later int;\n\\echo there\n");
    await once(session.stdout, "data");
    try {
      for (const command of ["shards", "tables"]) {
        const { code, stdout } = await project.run(command, "test", "--json", "--timeout", "60");
        expect(code, stdout).toBe(0);
      }
      // It looks at what people made over its shards first, which the server itself can't tell of a locked table.
      const drain = project.launch("drain", "test", "local/w1", "--yes");
      await expect
        .poll(drain.output, { timeout: 60_000 })
        .toMatch(/waits for process \d+ .*ALTER TABLE orders/);
      const locks = await project.run("locks", "test", "--timeout", "60");
      expect(locks.output).toContain("ALTER TABLE orders");
      const { code, output } = await project.run("rebalance", "test", "plan", "--timeout", "60");
      expect(code).toBe(1);
      expect(output).toMatch(
        /can't be planned while public\.orders is locked by process \d+ on the coordinator .*ALTER TABLE orders/,
      );
      const [, remedy] = /in SQL on the coordinator: (SELECT pg_terminate_backend\(\d+\))/.exec(output) ?? [];
      await citus.sql("coordinator", remedy ?? output);
      session.stdin.end();
      await ended;
      expect((await drain.ended).output).toMatch(/every remaining node has a replica|are left over/);
      expect(await project.run("rebalance", "test", "plan", "--timeout", "60")).toMatchObject({ code: 0 });
    } finally {
      session.kill();
    }
  });

  test("a copy of the metadata that does differ is told all the same", async () => {
    const placement = "(SELECT min(placementid) FROM pg_dist_placement WHERE groupid = 2)";
    await citus.sql("w1", `UPDATE pg_dist_placement SET groupid = 1 WHERE placementid = ${placement}`);
    const { code, stdout } = await project.run("status", "test", "--json", "--timeout", "60");
    const { problems } = JSON.parse(stdout) as { problems: { check: string; node: string }[] };
    expect(problems).toContainEqual(expect.objectContaining({ check: "metadata-drift", node: "local/w1" }));
    expect(code).toBe(3);
    // As the remedy says: the coordinator was not restored from an older backup.
    await citus.sql("coordinator", "SELECT start_metadata_sync_to_all_nodes()");
    expect((await project.run("status", "test", "--timeout", "60")).code).toBe(0);
  });

  /** One after the other until it is stopped. */
  function makeAndDropTables(): { stop: () => Promise<void> } {
    let goOn = true;
    const statement = `CREATE TABLE fleeting (a int); SELECT create_distributed_table('fleeting', 'a', shard_count => 4);
                       DROP TABLE fleeting`;
    const work = (async () => {
      while (goOn) for (const part of statement.split(";")) await citus.sql("coordinator", part);
    })();
    return {
      stop: async () => {
        goOn = false;
        await work;
      },
    };
  }
});
