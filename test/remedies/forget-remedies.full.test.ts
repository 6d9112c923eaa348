import { readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, docker, startCluster } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";
import { declareWorkerHosts, onWorkerHosts } from "../fixtures/worker-hosts";

/** What stands against forgetting a server that is gone, and what is then said. Steps in their order. */
describeOnCitus("what forget says is done, and helps", () => {
  const citus = new CitusContainers();
  const env: NodeJS.ProcessEnv = { PGDIST_VIA: "exec" };
  const project = new CitusProject(citus, env);
  /** The Docker host of each worker; the coordinator is on `local`. */
  const hosts = { w1: "server-b", w2: "server-c", w3: "server-d" };

  beforeAll(async () => {
    await startCluster(citus, []);
    await Promise.all(Object.keys(hosts).map((name) => citus.start(name)));
    expect(await citus.register(await cluster(...Object.keys(hosts)))).toMatchObject({ code: 0 });
    await project.write(declareWorkerHosts(hosts, (name) => citus.container(name)));
    // Its own port, which other nodes reach: by docker exec nobody needs the published one.
    const environment = project.path("environments/test.ts");
    await project.file(
      "environments/test.ts",
      readFileSync(environment, "utf8").replace(
        /("coordinator".*?"port": )\d+/s,
        (_whole, before: string) => `${before}5432`,
      ),
    );
    // A Terraform whose state is empty.
    await project.file("terraform", "#!/bin/sh\nexit 0\n");
    await chmod(project.path("terraform"), 0o755);
    env["TERRAFORM_BINARY_NAME"] = project.path("terraform");
    await project.file(
      "cdktf.out/manifest.json",
      JSON.stringify({ stacks: { test: { workingDirectory: "stacks/test" } } }),
    );
    await project.file("cdktf.out/stacks/test/cdk.tf.json", "{}");
    for (const statement of [
      "CREATE TABLE orders (id bigint PRIMARY KEY)",
      "SELECT create_distributed_table('orders', 'id', shard_count => 6)",
      "INSERT INTO orders SELECT generate_series(1, 600)",
    ])
      await citus.sql("coordinator", statement);
  });
  afterAll(async () => {
    await docker("rm", "-f", "-v", citus.container("other")).catch(() => undefined);
    await project.destroy();
    await citus.destroy();
  });

  test("a machine that refuses the connection: its containers are started, or another one has its address", async () => {
    await docker("stop", "-t", "5", citus.container("w3"));
    const alias = ["--network", citus.prefix, "--network-alias", citus.container("w3")];
    const other = () =>
      docker(
        ...["run", "-d", "--name", citus.container("other"), ...alias],
        ...["--entrypoint", "sleep", "citusdata/citus:13.0.3", "1000"],
      );
    await other();
    const refused = await forget("server-d");
    expect(refused.code, refused.output).toBe(4);
    expect(refused.last).toMatch(
      /server-d is not gone: a machine answers at .*connection refused: start its containers, .* add --replaced$/,
    );

    await docker("rm", "-f", "-v", citus.container("other"));
    await docker("start", citus.container("w3"));
    await citus.waitFor("w3");
    const answers = await forget("server-d");
    expect(answers.last).toMatch(/its shards can be saved: `npx pg-dist remove test server-d\/w3`/);
    const removed = await project.run("remove", "test", "server-d/w3", ...["--yes", "--timeout", "60"]);
    expect(removed.code, removed.output).toBe(0);
    expect(await citus.sql("coordinator", "SELECT count(*) FROM orders")).toBe("600");

    expect(await citus.register(await cluster("w1", "w2", "w3"))).toMatchObject({ code: 0 });
    await citus.sql("coordinator", "SELECT rebalance_table_shards(shard_transfer_mode => 'block_writes')");
    // Beside the one that is to take the shards: it hears of them only at the end.
    await citus.sql("coordinator", `SELECT citus_set_node_property(${at("w2")}, 'shouldhaveshards', false)`);
    await docker("rm", "-f", "-v", citus.container("w3"));
    await citus.removeVolume("w3");
    await other();
  });

  test("a node that stays and can't take what it is given", async () => {
    const events = (...statements: string[]) =>
      citus.sql("w1", ["SET citus.enable_ddl_propagation TO off", ...statements].join("; "));
    await events(
      "CREATE FUNCTION keep() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'all is kept'; END $$",
      "CREATE EVENT TRIGGER keep ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION keep()",
    );
    const before = await placements();
    const unmade = await forget("server-d", "--replaced");
    expect(unmade.code, unmade.output).toBe(1);
    expect(unmade.last).toMatch(
      /shard \d+ of public\.orders could not be created on .*-w1:5432: .*all is kept.*nothing is forgotten yet; .*, then run it again$/,
    );
    expect(await placements()).toBe(before);
    await events("DROP EVENT TRIGGER keep", "DROP FUNCTION keep()");

    await citus.sql("w2", "ALTER SYSTEM SET default_transaction_read_only = on");
    await citus.sql("w2", "SELECT pg_reload_conf()");
    const untold = await forget("server-d", "--replaced");
    expect(untold.code, untold.output).toBe(1);
    expect(untold.last).toMatch(
      /the metadata could not be changed, nothing is forgotten: .*ALTER DATABASE, ROLE or SYSTEM \.\.\. RESET default_transaction_read_only, .*, then run it again$/,
    );
    expect(await placements()).toBe(before);
    await citus.sql("w2", "ALTER SYSTEM RESET default_transaction_read_only");
    await citus.sql("w2", "SELECT pg_reload_conf()");

    const done = await forget("server-d", "--replaced");
    expect(done.code, done.output).toBe(0);
    for (const name of ["coordinator", "w1", "w2"])
      expect(Number(await citus.sql(name, "SELECT count(*) FROM orders"))).toBeLessThan(600);
  });

  test("a lost node that no run has recorded", async () => {
    await citus.sql("coordinator", `SELECT citus_set_node_property(${at("w2")}, 'shouldhaveshards', true)`);
    await citus.sql("coordinator", "DELETE FROM pgdist.node WHERE id = 'server-c/w2'");
    const member = await forget("server-c/w2");
    expect(member.last).toContain("is a member of a cluster");
    await citus.remove("w2");
    await citus.removeVolume("w2");
    await citus.start("w2");
    const done = await forget("server-c/w2");
    expect(done.code, done.output).toBe(0);
    expect(await citus.register(await cluster("w1", "w2"))).toMatchObject({ code: 0 });
  });

  test("all workers, and a coordinator that isn't registered", async () => {
    await citus.sql("coordinator", `SELECT citus_remove_node(${at("coordinator")})`);
    for (const name of ["w1", "w2"]) await docker("rm", "-f", "-v", citus.container(name));
    const carrier = await forget("local");
    expect(carrier.code, carrier.output).toBe(4);
    expect(carrier.last).toContain(
      "local carries the coordinator: it answers, and no cluster works without it",
    );
    const done = await forget("server-b", "server-c");
    expect(done.code, done.output).toBe(0);
    expect(done.output).toMatch(
      /local\/coordinator: registered at .*, as no other node can take the lost shards/,
    );
    await citus.sql("coordinator", "INSERT INTO orders SELECT generate_series(1, 600)");
    expect(await citus.sql("coordinator", "SELECT count(*) FROM orders")).toBe("600");
  });

  const at = (name: string) => `'${citus.container(name)}', 5432`;

  function forget(...args: string[]) {
    const names = args.filter((arg) => !arg.startsWith("--"));
    return project.run("forget", "test", ...args, "--confirm", names.join(","));
  }

  function placements(): Promise<string> {
    return citus.sql(
      "coordinator",
      "SELECT string_agg(groupid::text, ' ' ORDER BY placementid) FROM pg_dist_placement",
    );
  }

  async function cluster(...workers: string[]) {
    return onWorkerHosts(await citus.cluster(workers), hosts);
  }
});
