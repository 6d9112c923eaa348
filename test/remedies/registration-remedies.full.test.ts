import { afterAll, beforeAll, expect, test } from "vitest";
import type { Endpoint } from "../../model/cluster";
import { CitusContainers, IMAGE, type Outcome, describeOnCitus, docker } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";

/** What keeps nodes from being registered, and what the message says is done. Each step ends with all of them registered. */
describeOnCitus("what a registration says is done, and helps", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);
  const nodes = ["w1", "w2"];
  /** As an image that has more than the usual one. */
  const image = `${citus.prefix}-own`;

  beforeAll(async () => {
    await citus.create();
    await Promise.all(
      ["coordinator", "w1", "w2", "w3", "w4", "w5", "w6", "w7"].map((name) => citus.start(name)),
    );
    const { code, output } = await citus.register(await citus.cluster(nodes));
    expect(code, output).toBe(0);
    await project.declare(nodes);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY, note text);
       SELECT create_distributed_table('orders', 'id', shard_count => 6)`,
    );
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
    await docker("rmi", image).catch(() => undefined);
  });

  test("a superuser who may not log in, and a database that takes no connections", async () => {
    await citus.sql("w3", "CREATE ROLE other SUPERUSER LOGIN");
    await citus.sql("w3", "ALTER ROLE postgres NOLOGIN");
    const login = said(await joining("w3"), /ALTER ROLE postgres LOGIN/);
    await docker(
      "exec",
      citus.container("w3"),
      "psql",
      "-h",
      "127.0.0.1",
      "-U",
      "other",
      "-c",
      login,
      "postgres",
    );
    await citus.sql("w3", "DROP ROLE other");
    await citus.sql("w3", "ALTER DATABASE postgres ALLOW_CONNECTIONS false", "template1");
    const allow = said(await joining("w3"), /ALTER DATABASE postgres ALLOW_CONNECTIONS true/);
    await citus.sql("w3", allow, "template1");
    await joins("w3");
  });

  test("a server whose files let it change nothing", async () => {
    await citus.sql("w4", "ALTER SYSTEM SET default_transaction_read_only = on");
    await citus.sql("w4", "SELECT pg_reload_conf()");
    const refused = await joining("w4");
    expect(refused.last).toMatch(
      /local\/w4: storing the credentials failed: .*read-only transaction: .* ALTER DATABASE, ROLE or SYSTEM \.\.\. RESET default_transaction_read_only, .*; then apply again/,
    );
    await citus.sql("w4", "ALTER SYSTEM RESET default_transaction_read_only");
    await citus.sql("w4", "SELECT pg_reload_conf()");
    await joins("w4");
  });

  test("ALTER SYSTEM switched off: told, with what to set instead", async () => {
    await replaced("w5", ["allow_alter_system=off"]);
    const told = await joins("w5");
    const [, list = ""] =
      /^.*local\/w5: allow_alter_system is off there.*; in its configuration: (.*)$/m.exec(told) ?? [];
    const settings = [...list.matchAll(/(\S+) = '([^']*)'/g)].map(([, name, value]) => `${name}=${value}`);
    expect(settings, told).toHaveLength(4);
    await replaced("w5", ["allow_alter_system=off", ...settings]);
    expect(await joins()).not.toContain("allow_alter_system");
  });

  test("a library and an index's tablespace that the newcomer lacks", async () => {
    const copy = "cp $(pg_config --pkglibdir)/pgcrypto.so $(pg_config --pkglibdir)/own.so";
    await onAll((name) => docker("exec", citus.container(name), "sh", "-c", copy));
    await citus.sql(
      "coordinator",
      "CREATE FUNCTION own_digest(text, text) RETURNS bytea LANGUAGE c AS '$libdir/own', 'pg_digest'",
    );
    expect((await joining("w6")).last).toMatch(
      /give local\/w6 an image that has the library \$libdir\/own, as the other nodes have; then apply again/,
    );
    await docker("commit", citus.container("w2"), image);
    await citus.remove("w6");
    await citus.start("w6", { image });

    await onAll((name) => makeTablespace(name));
    await citus.sql(
      "coordinator",
      "CREATE TABLE quick (id bigint PRIMARY KEY, note text); CREATE INDEX ON quick (note) TABLESPACE fast; " +
        "SELECT create_distributed_table('quick', 'id', shard_count => 4, colocate_with => 'none')",
    );
    expect((await joining("w6")).last).toMatch(
      /create the tablespace fast on local\/w6 too, as the other nodes have it/,
    );
    await makeTablespace("w6");

    await joins("w6");
  });

  const registration = async (names: readonly string[], endpoints: Record<string, Endpoint> = {}) =>
    citus.register(await citus.cluster(names, endpoints));

  /** A registration with this newcomer, which must fail. */
  async function joining(name: string): Promise<Outcome> {
    const outcome = await registration([...nodes, name]);
    expect(outcome.code, outcome.output).not.toBe(0);
    return outcome;
  }

  /** A registration that goes well now, with these newcomers. */
  async function joins(...names: string[]): Promise<string> {
    nodes.push(...names);
    const { code, output } = await registration(nodes);
    expect(code, output).toBe(0);
    await project.declare(nodes);
    return output;
  }

  function said({ last }: Outcome, words: RegExp): string {
    const [found = ""] = words.exec(last) ?? [];
    expect(found, last).not.toBe("");
    return found;
  }

  const onAll = async (work: (name: string) => Promise<unknown>) => {
    for (const name of ["coordinator", ...nodes]) await work(name);
  };

  async function makeTablespace(name: string): Promise<void> {
    await docker("exec", "-u", "postgres", citus.container(name), "mkdir", "/var/lib/postgresql/fast");
    await citus.sql(name, "CREATE TABLESPACE fast LOCATION '/var/lib/postgresql/fast'");
  }

  /** Made anew on its volume, as an apply does it. */
  async function replaced(name: string, settings: readonly string[], image = IMAGE): Promise<void> {
    await citus.remove(name);
    await citus.start(name, { settings, image });
  }
});
