import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Session } from "../../operations/cluster/connection/session";
import { SETTINGS, SETTINGS_AFTER_START } from "../../operations/cluster/connection/session-settings";
import { directTransport } from "../../operations/cluster/connection/transports/direct";
import { CitusContainers, describeOnCitus, docker, startCluster } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";
import {
  type Answers,
  administer,
  differences,
  giveSettings,
  readAnswers,
  takeSettings,
} from "../fixtures/odd-settings";
import type { SettingCase } from "../fixtures/some-settings";

/** Everything that node-postgres takes from PG* variables where it isn't told. */
const SHELL = [
  ...[
    "HOST",
    "PORT",
    "USER",
    "DATABASE",
    "OPTIONS",
    "APPNAME",
    "CLIENT_ENCODING",
    "SSLMODE",
    "SSLNEGOTIATION",
  ],
  ...["REPLICATION", "BINARY", "CONNECT_TIMEOUT"],
];

const NODES = ["coordinator", "w1", "w2"];

/** What changes most of how values are printed, parsed, planned, isolated and named. */
const NASTY: readonly SettingCase[] = Object.entries({
  DateStyle: "German",
  IntervalStyle: "sql_standard",
  TimeZone: "Asia/Kolkata",
  extra_float_digits: "-15",
  bytea_output: "escape",
  quote_all_identifiers: "on",
  search_path: "information_schema",
  standard_conforming_strings: "off",
  backslash_quote: "off",
  transform_null_equals: "on",
  array_nulls: "off",
  xmloption: "document",
  row_security: "off",
  default_transaction_isolation: "serializable",
  client_min_messages: "error",
  plan_cache_mode: "force_generic_plan",
  jit_above_cost: "0",
  enable_seqscan: "off",
  enable_hashjoin: "off",
  "citus.override_table_visibility": "off",
  "citus.show_shards_for_app_name_prefixes": "*",
  "citus.multi_shard_modify_mode": "sequential",
  "citus.propagate_set_commands": "local",
  "citus.shard_replication_factor": "5",
  "citus.remote_task_check_interval": "2147483647",
}).map(([name, value]) => ({ name, value, scope: "database" }));

describeOnCitus("a cluster whose database, role and server have settings of their own", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);
  let untouched: Answers = {};

  beforeAll(async () => {
    await startCluster(citus, ["w1", "w2"]);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY, note text);
       SELECT create_distributed_table('orders', 'id', shard_count => 4);
       CREATE TABLE country (code text PRIMARY KEY); SELECT create_reference_table('country')`,
    );
    await project.declare(["w1", "w2"]);
    vi.stubEnv("TF_VAR_postgres_password", citus.password);
    untouched = await readAnswers(project.path("."));
    await giveSettings(citus, NODES, NASTY);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await citus.destroy();
    await project.destroy();
  });

  const start = async () => {
    const port = (await docker("port", citus.container("coordinator"), "5432/tcp")).split(":").at(-1);
    return Session.start(directTransport({ host: "127.0.0.1", port: Number(port) }), {
      ...{ user: "postgres", database: "postgres", password: citus.password, applicationName: "test" },
    });
  };

  test("a session of ours has its own, whatever the role has, and whatever is in the shell", async () => {
    for (const name of SHELL) vi.stubEnv(`PG${name}`, "1");
    await administer(
      citus,
      ["coordinator"],
      [
        "CREATE ROLE nobody",
        ...[
          `role = nobody`,
          "search_path = nowhere",
          "DateStyle = 'Postgres, YMD'",
          "statement_timeout = 1",
        ].map((setting) => `ALTER ROLE postgres IN DATABASE postgres SET ${setting}`),
      ],
    );
    const session = await start().finally(() =>
      administer(citus, ["coordinator"], ["ALTER ROLE postgres IN DATABASE postgres RESET ALL"]),
    );
    for (const name of SHELL) vi.stubEnv(`PG${name}`, undefined);
    const same = (text: string | null | undefined) => text?.replaceAll(" ", "").replace("30s", "30000");
    for (const [name, wanted] of Object.entries({ ...SETTINGS, ...SETTINGS_AFTER_START })) {
      const [row] = await session.query<{ value: string | null }>(
        "SELECT current_setting($1, true) AS value",
        [name],
      );
      expect({ name, value: same(row?.value) }).toEqual({ name, value: same(wanted) });
    }
    const [row] = await session.query<{ user: string; at: unknown }>(
      "SELECT current_user AS user, now() AS at",
    );
    await session.end();
    expect(row).toMatchObject({ user: "postgres", at: expect.any(Date) as Date });
  });

  test("every command that reads answers as on the untouched cluster", async () => {
    expect(differences(untouched, await readAnswers(project.path(".")))).toEqual([]);
  });

  test("that the database is read-only is still said, of every node", async () => {
    const readOnly = { name: "default_transaction_read_only", value: "on", scope: "database" } as const;
    await giveSettings(citus, NODES, [readOnly]);
    const { code, stdout } = await project.run("status", "test", "--json", "--timeout", "60");
    await administer(citus, NODES, ["ALTER DATABASE postgres RESET default_transaction_read_only"]);
    expect(code, stdout).toBe(3);
    const { problems } = JSON.parse(stdout) as { problems: { check: string; node: string }[] };
    expect(
      problems.filter(({ check }) => check === "read-only"),
      stdout,
    ).toHaveLength(NODES.length);
  });

  test("what keeps Citus' own sessions from their work is named, with what to do, and nothing stays marked", async () => {
    const change = (statement: string) => administer(citus, ["w1"], [statement]);
    await change("CREATE ROLE nobody");
    await change("ALTER ROLE postgres IN DATABASE postgres SET role = nobody");
    const seen = await project.run("status", "test");
    await change("ALTER ROLE postgres IN DATABASE postgres RESET role");
    expect(seen.output).toMatch(/local\/w1: it answers with an error: permission denied.*\n.*RESET role/);
    await change("ALTER ROLE postgres IN DATABASE postgres SET default_transaction_read_only = on");
    const refused = await project.run("drain", "test", "local/w2", "--yes");
    await change("ALTER ROLE postgres IN DATABASE postgres RESET default_transaction_read_only");
    expect(refused.code, refused.output).toBe(4);
    expect(refused.last).toMatch(
      /local\/w1: default_transaction_read_only is on .*: no shard can be moved: set /,
    );
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pgdist.node WHERE leaving IS NOT NULL")).toBe(
      "0",
    );
  });

  describe("changes go as ever", () => {
    test("a drain that fails lifts its marks", async () => {
      const local = "SET citus.enable_ddl_propagation = off";
      await citus.sql(
        "w1",
        `${local}; CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql
           AS 'BEGIN RAISE EXCEPTION ''no table is made here''; END';
         CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.refuse()`,
      );
      const { code, output } = await project.run("drain", "test", "local/w2", "--yes");
      await citus.sql("w1", `${local}; DROP EVENT TRIGGER refuse; DROP FUNCTION public.refuse()`);
      expect(code, output).toBe(1);
      expect(output).toMatch(/moving shard \d+ of public\.orders failed: no table is made here/);
      expect(output).toContain("no longer marked as leaving: local/w2");
      expect(
        await citus.sql("coordinator", "SELECT count(*) FROM pgdist.node WHERE leaving IS NOT NULL"),
      ).toBe("0");
      expect(
        await citus.sql(
          "coordinator",
          "SELECT bool_and(shouldhaveshards) FROM pg_dist_node WHERE groupid > 0",
        ),
      ).toBe("t");
    });

    test("drain, add, remove, and registration", async () => {
      const ENVIRONMENT = new RegExp(
        `^environment test: cluster ${citus.prefix}, coordinator local/coordinator at \\S+ \\(direct: 127\\.0\\.0\\.1:\\d+\\)$`,
        "m",
      );
      for (const command of [["drain", "--yes"], ["add"], ["remove", "--yes"]]) {
        const [name = "", ...flags] = command;
        const { code, output } = await project.run(name, "test", "local/w2", ...flags);
        expect(code, output).toBe(0);
        expect(output).toMatch(ENVIRONMENT);
      }
      const registered = await citus.register(await citus.cluster(["w1", "w2"]));
      expect(registered.code, registered.output).toBe(0);
      await takeSettings(citus, NODES, []);
      const healthy = await project.run("status", "test");
      expect(healthy.code, healthy.output).toBe(0);
    });
  });
});
