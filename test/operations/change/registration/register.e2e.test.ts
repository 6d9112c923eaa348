import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, docker, dockerLogs, describeOnCitus } from "../../../fixtures/citus-containers";

/** Node ids, groups and when each row was written: equal only if nothing was changed. */
const ROWS = `SELECT (SELECT string_agg(format('%s %s %s:%s %s', nodeid, groupid, nodename, nodeport, xmin), E'\\n' ORDER BY nodeid) FROM pg_dist_node),
                     (SELECT string_agg(format('%s %s %s', id, nodeid, xmin), E'\\n' ORDER BY id) FROM pgdist.node),
                     (SELECT string_agg(xmin::text, ',') FROM pg_dist_authinfo)`;
const NODES = "SELECT string_agg(nodename || ':' || nodeport, ' ' ORDER BY nodeid) FROM pg_dist_node";

describeOnCitus("registration on real Citus", () => {
  const citus = new CitusContainers();
  const three = ["w1", "w2", "w3"];

  beforeAll(async () => {
    await citus.create();
    // The worst that logs can be told to keep.
    await Promise.all([
      citus.start("coordinator", { settings: ["log_statement=all", "log_min_duration_statement=0"] }),
      citus.start("w1", { settings: ["log_statement=all", "log_min_duration_statement=0"] }),
      citus.start("w2"),
      citus.start("w3", { settings: ["citus.node_conninfo=sslmode=require connect_timeout=7"] }),
    ]);
  });
  afterAll(() => citus.destroy());

  test("the first run registers every node and verifies all pairs", async () => {
    const outcome = await citus.register(await citus.cluster(three));
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.last).toContain("16 of 16 pairs healthy");
    for (const name of ["coordinator", ...three]) {
      expect(outcome.output).toMatch(
        new RegExp(`local/${name} +${citus.container(name)}:5432 +(coordinator|worker) +\\d`),
      );
      const authinfo = "SELECT authinfo FROM pg_dist_authinfo WHERE nodeid = 0 AND rolename = 'postgres'";
      expect(await citus.sql(name, authinfo)).toBe(`password='${citus.password}'`);
    }
    // Each notices that another one is gone, without waiting for the kernel's own limits.
    const conninfo =
      "sslmode=require keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=30000";
    for (const name of ["coordinator", "w1", "w2"])
      expect(await citus.sql(name, "SHOW citus.node_conninfo")).toBe(conninfo);
    expect(await citus.sql("w3", "SHOW citus.node_conninfo")).toBe("sslmode=require connect_timeout=7");
    const accepted = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name LIKE 'tcp_%'";
    for (const name of ["coordinator", ...three]) expect(await citus.sql(name, accepted)).toBe("3 10 5 0");
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pgdist.node")).toBe("4");
    expect(await citus.sql("w1", "SELECT to_regnamespace('pgdist') IS NULL")).toBe("t");
  });

  test("the second run changes nothing", async () => {
    const before = await citus.sql("coordinator", ROWS);
    const outcome = await citus.register(await citus.cluster(three));
    expect(outcome.last).toContain("16 of 16 pairs healthy; nothing was changed");
    expect(await citus.sql("coordinator", ROWS)).toBe(before);
  });

  test("tables of a program that knew no versions are taken over, and such a program works on with them", async () => {
    const rows = "SELECT string_agg(id || nodeid || server_id, ' ' ORDER BY id) FROM pgdist.node";
    const version = "SELECT string_agg(number || ' ' || name, ', ' ORDER BY number) FROM pgdist.migration";
    const before = await citus.sql("coordinator", rows);
    const made = await citus.sql("coordinator", version);
    expect(made).toBe("1 node, 2 rebalance-due");
    for (const lacks of ["", "; ALTER TABLE pgdist.node DROP COLUMN rebalance_due"]) {
      await citus.sql("coordinator", `DROP TABLE pgdist.migration${lacks}`);
      const outcome = await citus.register(await citus.cluster(three));
      expect(outcome.last).toContain("16 of 16 pairs healthy; nothing was changed");
      expect(await citus.sql("coordinator", version)).toBe(made);
      expect(await citus.sql("coordinator", rows)).toBe(before);
    }
    // What it does: it looks for the last column, reads, and writes.
    await citus.sql(
      "coordinator",
      `SELECT 1 / (SELECT count(*) FROM pg_attribute WHERE attrelid = 'pgdist.node'::regclass AND attname = 'rebalance_due');
       SELECT id, nodeid, groupid, host, port, server_id, image, settings, cpus, leaving, recorded_at FROM pgdist.node;
       INSERT INTO pgdist.node (id, nodeid, groupid, host, port, server_id, image, settings, cpus)
         VALUES ('local/gone', 99, 99, 'gone', 1, '-', '-', '{}', NULL)
         ON CONFLICT (id) DO UPDATE SET nodeid = excluded.nodeid, recorded_at = now();
       UPDATE pgdist.node SET leaving = coalesce(leaving, now()), rebalance_due = now() WHERE id = 'local/gone';
       DELETE FROM pgdist.node WHERE id = 'local/gone'`,
    );
    expect(await citus.sql("w1", "SELECT to_regnamespace('pgdist') IS NULL")).toBe("t");
  });

  test("half a migration is none: the next run does all of it", async () => {
    await citus.sql(
      "coordinator",
      `DROP TABLE pgdist.migration; ALTER TABLE pgdist.node RENAME rebalance_due TO kept;
       CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
       CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION refuse()`,
    );
    const refused = await citus.register(await citus.cluster(three));
    expect(refused.output).toContain("not now");
    expect(refused.code).toBe(1);
    expect(await citus.sql("coordinator", "SELECT to_regclass('pgdist.migration') IS NULL")).toBe("t");
    await citus.sql(
      "coordinator",
      "DROP EVENT TRIGGER refuse; DROP FUNCTION refuse; ALTER TABLE pgdist.node RENAME kept TO rebalance_due",
    );
    expect(await citus.register(await citus.cluster(three))).toMatchObject({ code: 0 });
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pgdist.migration")).toBe("2");
  });

  test("tables of a newer program are refused, with both versions", async () => {
    const before = await citus.sql("coordinator", ROWS);
    await citus.sql("coordinator", "INSERT INTO pgdist.migration VALUES (99, 'of tomorrow')");
    const outcome = await citus.register(await citus.cluster(three));
    await citus.sql("coordinator", "DELETE FROM pgdist.migration WHERE number = 99");
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(
      /tables in schema pgdist of version 99, .* up to version 2: .*update pg-dist here/,
    );
    expect(await citus.sql("coordinator", ROWS)).toBe(before);
  });

  test("the password is in no log and no output", async () => {
    const { output } = await citus.register(await citus.cluster(three));
    // The containers' environment has it, but nothing of ours prints it; psql above asked for it on the node itself.
    expect(output).not.toContain(citus.password);
    for (const name of ["coordinator", "w1"]) {
      const log = await dockerLogs(citus.container(name));
      expect(log).toContain("INSERT INTO pg_dist_authinfo");
      expect(log).not.toContain(citus.password);
    }
  });

  test("nodes log in to each other after a restart, when the image no longer passes the password on", async () => {
    for (const name of ["coordinator", ...three]) await docker("restart", citus.container(name));
    for (const name of ["coordinator", ...three]) await citus.waitFor(name);
    const outcome = await citus.register(await citus.cluster(three));
    expect(outcome.last).toContain("16 of 16 pairs healthy; nothing was changed");
  });

  test("a process in the container is as good a way as the port", async () => {
    const cluster = await citus.cluster(three);
    const outcome = await citus.register(cluster, { PGDIST_VIA: "exec" });
    expect(outcome.output).toContain("connected (exec: docker exec");
    expect(outcome.last).toContain("16 of 16 pairs healthy");
    const wrong = await citus.register(cluster, { PGDIST_VIA: "exec", TF_VAR_postgres_password: "not-it" });
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.last).toMatch(/password authentication failed.*it is not the coordinator's /);
    // The relay in the container ends with the program, if not at the same moment.
    const processes = () => docker("top", citus.container("coordinator"));
    await expect.poll(processes, { timeout: 30_000 }).not.toContain("/dev/tcp");
  });

  test("a coordinator that isn't there is reported with what each way met", async () => {
    const cluster = await citus.cluster(three);
    await docker("stop", citus.container("coordinator"));
    const outcome = await citus.register(cluster);
    await docker("start", citus.container("coordinator"));
    await citus.waitFor("coordinator");
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.output).toMatch(/direct \(127\.0\.0\.1:\d+\): connection refused/);
    expect(outcome.last).toMatch(/can't be reached: .*is not running/);
  });

  test("reference tables reach a worker that joins; one without a key is an error with the way out", async () => {
    await citus.sql(
      "coordinator",
      "CREATE TABLE ref(id int PRIMARY KEY); SELECT create_reference_table('ref')",
    );
    await citus.sql("coordinator", "CREATE TABLE nokey(id int); SELECT create_reference_table('nokey')");
    await citus.start("w4");
    const cluster = await citus.cluster([...three, "w4"]);
    const outcome = await citus.register(cluster);
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.last).toMatch(/nokey.*primary key/);
    await citus.sql("coordinator", "ALTER TABLE nokey ADD PRIMARY KEY (id)");
    expect(await citus.register(cluster)).toMatchObject({ code: 0 });
    const placements =
      "SELECT count(*) FROM citus_shards WHERE table_name IN ('ref'::regclass, 'nokey'::regclass)";
    expect(await citus.sql("coordinator", placements)).toBe("10");
  });

  test("a node that is registered by hand is adopted, or left alone when the environment doesn't know it", async () => {
    await citus.start("w5");
    const hand = `SELECT citus_add_node('${citus.container("w5")}', 5432)`;
    await citus.sql(
      "w5",
      `INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', 'password=${citus.password}')`,
    );
    await citus.sql("coordinator", hand);
    const without = await citus.register(await citus.cluster([...three, "w4"]));
    expect(without.output).toContain(
      `${citus.container("w5")}:5432 is registered, but not by the environment`,
    );
    const adopted = await citus.register(await citus.cluster([...three, "w4", "w5"]));
    expect(adopted.output).toMatch(/local\/w5: was registered already as node \d+: recorded/);
    expect(adopted).toMatchObject({ code: 0 });
    const gone = await citus.register(await citus.cluster([...three, "w4"]));
    expect(gone.output).toContain("local/w5 is registered, but no longer in the environment: left alone");
  });

  test("a worker that was leaving and is wanted again takes shards again", async () => {
    await citus.sql(
      "coordinator",
      `UPDATE pgdist.node SET leaving = now() WHERE id = 'local/w5';
       SELECT citus_set_node_property('${citus.container("w5")}', 5432, 'shouldhaveshards', false)`,
    );
    const outcome = await citus.register(await citus.cluster([...three, "w4", "w5"]));
    expect(outcome.output).toContain("local/w5: no longer leaves");
    const state = `SELECT shouldhaveshards, leaving IS NULL FROM pg_dist_node JOIN pgdist.node USING (nodeid) WHERE id = 'local/w5'`;
    expect(await citus.sql("coordinator", state)).toBe("t|t");
  });

  test("all nodes change their endpoints at once, two swap, the coordinator's too", async () => {
    const workers = [...three, "w4", "w5"];
    const alias = async (name: string, as: string) => {
      await docker("network", "disconnect", citus.prefix, citus.container(name));
      await docker("network", "connect", "--alias", as, citus.prefix, citus.container(name));
    };
    const endpoints = Object.fromEntries(
      ["coordinator", ...workers].map((name) => [name, { host: `${name}.internal`, port: 5432 }]),
    );
    for (const name of ["coordinator", ...workers]) await alias(name, `${name}.internal`);
    const ids = await citus.sql(
      "coordinator",
      "SELECT string_agg(id || nodeid, ' ' ORDER BY id) FROM pgdist.node",
    );
    const named = await citus.register(await citus.cluster(workers, endpoints));
    expect(named.last).toContain("36 of 36 pairs healthy");

    await alias("w1", "w2.internal");
    await alias("w2", "w1.internal");
    const wrong = await citus.register(await citus.cluster(workers, endpoints));
    expect(wrong).toMatchObject({ code: 4 });
    expect(wrong.output).toMatch(/local\/w1: another server answers at w1\.internal:5432/);
    const swapped = {
      ...endpoints,
      w1: { host: "w2.internal", port: 5432 },
      w2: { host: "w1.internal", port: 5432 },
    };
    const moved = await citus.register(await citus.cluster(workers, swapped));
    expect(moved.last).toContain("36 of 36 pairs healthy");
    expect(
      await citus.sql("coordinator", "SELECT string_agg(id || nodeid, ' ' ORDER BY id) FROM pgdist.node"),
    ).toBe(ids);
    for (const name of workers)
      expect(await citus.sql(name, NODES)).toBe(await citus.sql("coordinator", NODES));

    const back = await citus.register(await citus.cluster(workers));
    expect(back.last).toContain("36 of 36 pairs healthy");
  });
});
