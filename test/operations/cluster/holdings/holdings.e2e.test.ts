import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster } from "../../../../model/cluster";
import { CitusContainers, type Outcome, describeOnCitus, docker } from "../../../fixtures/citus-containers";
import { CitusProject } from "../../../fixtures/citus-project";

/** Names that a shell, SQL or a connection string would take apart. */
const ODD_DATABASE = `App 'Two' $x=1 ünï`;

/** An extension with a table of which it says, as pg_cron does, that its rows are people's. */
const INSTALL_JOBS = `cd "$(pg_config --sharedir)/extension" && echo "default_version = '1'" >jobs.control &&
  echo "CREATE TABLE @extschema@.job (id int); SELECT pg_extension_config_dump('@extschema@.job', '');" >jobs--1.sql`;

/**
 * Workers whose servers hold more than the shards of the one database: other databases with Citus, and things of people's
 * own. Steps in their order.
 */
describeOnCitus("what a server holds beside its shards, on real Citus", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await citus.create();
    await Promise.all(
      ["coordinator", "w1", "w2", "w3"].map((name) =>
        citus.start(name, {
          settings: [`cluster_name=${citus.prefix} local/${name} ${citus.container(name)}:5432`],
        }),
      ),
    );
    expect(await citus.register(await citus.cluster(["w1", "w2", "w3"]))).toMatchObject({ code: 0 });
    await citus.sql(
      "coordinator",
      `CREATE TYPE mood AS ENUM ('good', 'bad');
       CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';
       CREATE TABLE orders (id bigserial PRIMARY KEY, mood mood, twice int DEFAULT twice(1));
       SELECT create_distributed_table('orders', 'id', shard_count => 6);
       CREATE TABLE country (code text PRIMARY KEY); SELECT create_reference_table('country');
       CREATE TABLE appended (id bigint); SELECT create_distributed_table('appended', 'id', 'append');
       CREATE VIEW good AS SELECT count(*) FROM orders WHERE mood = 'good';
       CREATE PUBLICATION changes FOR TABLE orders;
       INSERT INTO orders (mood) SELECT 'good' FROM generate_series(1, 300)`,
    );
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  test("a worker of another Citus database is not removed, and the command that it names empties it there", async () => {
    for (const name of ["coordinator", "w1", "w2", "w3"]) {
      await citus.sql(name, "CREATE DATABASE app2");
      await citus.sql(name, "CREATE EXTENSION citus", "app2");
    }
    // Credentials belong to a database.
    for (const name of ["coordinator", "w1", "w2", "w3"])
      await citus.sql(
        name,
        `INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', 'password=${citus.password}')`,
        "app2",
      );
    await citus.sql(
      "coordinator",
      `SELECT citus_set_coordinator_host('${citus.container("coordinator")}', 5432);
       SELECT citus_add_node(name, 5432) FROM unnest(ARRAY['${["w1", "w2", "w3"].map((name) => citus.container(name)).join("', '")}']) name;
       CREATE TABLE invoice (id bigint PRIMARY KEY);
       SELECT create_distributed_table('invoice', 'id', shard_count => 6);
       CREATE TABLE currency (code text PRIMARY KEY); SELECT create_reference_table('currency');
       INSERT INTO invoice SELECT generate_series(1, 600)`,
      "app2",
    );
    // What the one database is told of a changed address holds for the others too.
    const changed = citus.container("w1-changed");
    await docker("rename", citus.container("w1"), changed);
    try {
      const moved = await citus.register(
        await citus.cluster(["w1", "w2", "w3"], { w1: { host: changed, port: 5432 } }),
      );
      expect(moved, moved.output).toMatchObject({ code: 0 });
      expect(moved.output).toContain(
        `in database app2: ${citus.container("w1")}:5432 is now ${changed}:5432`,
      );
      expect(await citus.sql("coordinator", "SELECT count(*) FROM invoice", "app2")).toBe("600");
    } finally {
      await docker("rename", changed, citus.container("w1"));
    }
    const back = await citus.register(await citus.cluster(["w1", "w2", "w3"]));
    expect(back, back.output).toMatchObject({ code: 0 });
    expect(await citus.sql("coordinator", "SELECT count(*) FROM invoice", "app2")).toBe("600");

    await project.declare(["w1", "w2", "w3"]);
    const status = await project.run("status", "test", "--json", "--timeout", "60");
    expect(status, status.output).toMatchObject({ code: 0 });
    expect(JSON.parse(status.stdout)).toMatchObject({
      problems: [
        { severity: "advice", check: "other-database", remedy: "`npx pg-dist status test --database app2`" },
      ],
    });
    const there = await project.run("status", "test", "--database", "app2", "--json", "--timeout", "60");
    expect(there, there.output).toMatchObject({ code: 0 });
    expect(JSON.parse(there.stdout)).toMatchObject({
      environment: "test",
      otherDatabase: "app2",
      problems: [],
    });
    const forgotten = await project.run("forget", "test", "local/w3", "--confirm", "local/w3");
    expect(forgotten, forgotten.output).toMatchObject({ code: 4 });
    // What lives is not to be forgotten in app2 either.
    expect(forgotten.last).toMatch(
      /local\/w3 is not proven to be lost: the server at \S+ is a member of a cluster: .*npx pg-dist remove test local\/w3/,
    );
    expect(forgotten.output).not.toContain("app2");

    const before = await shards("postgres", "w3");
    const refused = await leave("w3", ["w1", "w2"]);
    expect(refused, refused.output).toMatchObject({ code: 4 });
    expect(refused.last).toMatch(
      /local\/w3 was not removed: .*worker of the Citus database app2 too, where it holds 2 shard\(s\)/,
    );
    const [, remedy] = /(npx pg-dist remove test --database app2 local\/w3)/.exec(refused.last) ?? [];
    expect(await shards("postgres", "w3")).toBe(before);

    // By then it has left the environment.
    await project.declare(["w1", "w2"]);
    const words = (remedy ?? "").split(" ").slice(2);
    const removed = await project.run(...words, "--yes");
    expect(removed, removed.output).toMatchObject({ code: 0 });
    expect(removed.output).toContain("local/w3: removed from the cluster");
    expect(removed.output).not.toContain("it keeps");
    expect(await shards("app2", "w3")).toBe(0);
    const again = await project.run(...words, "--yes");
    expect(again, again.output).toMatchObject({ code: 0 });
    expect(again.output).toContain("is not registered: nothing to move");

    const left = await leave("w3", ["w1", "w2"]);
    expect(left, left.output).toMatchObject({ code: 0 });
    expect(await citus.sql("coordinator", "SELECT count(*) FROM invoice", "app2")).toBe("600");
    expect(await citus.sql("coordinator", "SELECT count(*) FROM orders")).toBe("300");
  });

  test("things of people's own are listed with their sizes, and are lost by two keys only", async () => {
    await citus.sql(
      "w2",
      `SET citus.enable_ddl_propagation = off;
       CREATE TABLE "My 'own' table" AS SELECT generate_series(1, 10000) i;
       CREATE MATERIALIZED VIEW summary AS SELECT count(*) FROM "My 'own' table";
       CREATE VIEW shown AS SELECT 1 AS one;
       CREATE SEQUENCE numbers;
       CREATE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 1';
       CREATE TYPE colour AS ENUM ('red');
       CREATE TABLE orders_102999 AS SELECT 1 AS looks_like_a_shard;
       SELECT lo_from_bytea(0, 'kept');
       SELECT pg_create_physical_replication_slot('standby', true);
       CREATE ROLE reporting LOGIN`,
    );
    const shard = await citus.sql(
      "w2",
      `SELECT min(shard_name(logicalrelid, shardid)) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)
         JOIN pg_dist_local_group USING (groupid) WHERE logicalrelid = 'orders'::regclass`,
    );
    await citus.sql("w2", `CREATE MATERIALIZED VIEW of_a_shard AS SELECT id FROM ${shard} LIMIT 35`);
    await citus.sql("w2", `CREATE DATABASE "${ODD_DATABASE}"`);
    await citus.sql("w2", "CREATE TABLE remembered AS SELECT 1 AS a", ODD_DATABASE);
    await docker("exec", citus.container("w2"), "sh", "-c", INSTALL_JOBS);
    await citus.sql("w2", "SET citus.enable_ddl_propagation = off; CREATE EXTENSION jobs");
    await citus.sql("w2", "INSERT INTO job VALUES (1), (2)");
    await citus.sql(
      "w2",
      "CREATE SUBSCRIPTION from_afar CONNECTION 'host=nowhere.invalid' PUBLICATION p WITH (connect = false, slot_name = NONE)",
    );
    await docker("exec", citus.container("w2"), "sh", "-c", "echo x >$PGDATA/notes.txt");
    await citus.sql("w2", "CREATE DATABASE pristine");
    await citus.sql("w2", "CREATE DATABASE closed ALLOW_CONNECTIONS false");
    await project.run("remove", "test", "local/w2", "--database", "app2", "--yes");
    // Every move would wait for it.
    await citus.sql("w2", "BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'undecided'");
    const cluster = await citus.cluster(["w1"]);
    const before = await shards("postgres", "w2");

    const refused = await leave("w2", ["w1"]);
    expect(refused, refused.output).toMatchObject({ code: 4 });
    for (const what of [
      /table public\."My 'own' table" \(\d+ kB\)/,
      /materialized view public\.summary \(\S+ \S+\)/,
      /view public\.shown/,
      /its server holds materialized view public\.of_a_shard/,
      /materialized view public\.of_a_shard \(8 kB\) depends on shard \d+ of public\.orders: .*then apply again/,
      /sequence public\.numbers/,
      /function public\.helper\(\)/,
      /type public\.colour/,
      /table public\.orders_102999/,
      /1 large object\(s\)/,
      /physical replication slot standby \(it has no consumer now, retains \S+ \S+ of WAL\).*pg_drop_replication_slot\('standby'\)/,
      /database "App 'Two' \$x=1 ünï" \(\S+ MB\) with table public\.remembered/,
      /database closed \(\S+ MB\), which could not be inspected: it allows no connections/,
      /2 row\(s\) in public\.job of extension jobs/,
      /subscription from_afar in database postgres/,
      /prepared transaction 'undecided' in database postgres/,
      /notes\.txt in the data directory, which is not PostgreSQL's/,
      /roles that exist on this server only are lost with it: reporting/,
    ])
      expect(refused.output).toMatch(what);
    expect(refused.output.match(/which no other node has/g)?.length, refused.output).toBe(17);
    for (const theirs of [
      "pristine",
      "public.good",
      "public.mood",
      "twice",
      "appended",
      "country",
      "changes",
    ])
      expect(refused.output).not.toContain(theirs);
    expect(refused.last).toContain(
      'to lose it on purpose takes two keys: `discard: ["local/w2"]` in environment test, and PGDIST_DISCARD=local/w2 at the apply',
    );

    const onlySaid = await leave("w2", ["w1"], { PGDIST_DISCARD: "local/w2" });
    expect(onlySaid, onlySaid.output).toMatchObject({ code: 4 });
    expect(onlySaid.last).toContain('the second key, which is missing: `discard: ["local/w2"]`');
    const onlyListed = await leave({ ...cluster, discard: ["local/w2"] }, "w2", {
      PGDIST_DISCARD: "local/w1",
    });
    expect(onlyListed, onlyListed.output).toMatchObject({ code: 4 });
    expect(onlyListed.last).toContain("which is missing: PGDIST_DISCARD=local/w1,local/w2 at the apply");
    expect(await shards("postgres", "w2")).toBe(before);
    expect(await citus.sql("w2", `SELECT count(*) FROM "My 'own' table"`)).toBe("10000");

    await citus.sql("w2", "ROLLBACK PREPARED 'undecided'");
    const both = await leave({ ...cluster, discard: ["local/w2"] }, "w2", { PGDIST_DISCARD: "local/w2" });
    expect(both, both.output).toMatchObject({ code: 0 });
    expect(both.output).toMatch(
      /goes with its volume, as `discard` says: materialized view public\.of_a_shard/,
    );
    expect(both.output).toMatch(/goes with its volume, as `discard` says: table public\."My 'own' table"/);
    expect(await shards("postgres", "w2")).toBe(0);
  });

  test("one that isn't registered any more loses nothing in silence either, nor one whose container is gone", async () => {
    const refused = await leave("w2", ["w1"]);
    expect(refused, refused.output).toMatchObject({ code: 4 });
    expect(refused.output).toMatch(/local\/w2 was not removed: .*My 'own' table/);
    await citus.remove("w2");
    const gone = await leave("w2", ["w1"]);
    expect(gone, gone.output).toMatchObject({ code: 0 });
    const volume = citus.container("w2");
    await docker("volume", "create", volume);
    try {
      const kept = await leave("w2", ["w1"]);
      expect(kept, kept.output).toMatchObject({ code: 4 });
      expect(kept.last).toMatch(
        /cannot determine what the volume of local\/w2 holds: its container is gone, and its volume \S+-w2 is there: .*two keys/,
      );
    } finally {
      await docker("volume", "rm", volume);
    }
  });

  test("a newcomer with definitions of its own is refused, as joining would replace them", async () => {
    await citus.sql(
      "w3",
      "SET citus.enable_ddl_propagation = off; CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 42'",
    );
    await citus.sql("w3", "CREATE VIEW orders AS SELECT 1 AS own");
    const refused = await citus.register(await citus.cluster(["w1", "w3"]));
    expect(refused, refused.output).toMatchObject({ code: 4 });
    expect(refused.last).toMatch(
      /local\/w3: it is not empty: it has definitions of its own \((?=.*view public\.orders)(?=.*function public\.twice\(integer\))/,
    );
    expect(await citus.sql("w3", "SELECT twice(1)")).toBe("42");
  });

  async function shards(database: string, name: string): Promise<number> {
    const where = `nodename = '${citus.container(name)}' AND citus_table_type <> 'reference'`;
    return Number(
      await citus.sql("coordinator", `SELECT count(*) FROM citus_shards WHERE ${where}`, database),
    );
  }

  function leave(name: string, staying: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  function leave(cluster: Cluster, name: string, env?: NodeJS.ProcessEnv): Promise<Outcome>;
  async function leave(
    first: string | Cluster,
    second: string | readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Outcome> {
    const cluster = typeof first === "string" ? await citus.cluster(second as readonly string[]) : first;
    const name = typeof first === "string" ? first : (second as string);
    return (await citus.launch(cluster, env, ["leave", "--node", `local/${name}`])).ended;
  }
});
