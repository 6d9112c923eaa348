import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../../../model/environment";
import { findParts, type Parts } from "../../../../testbed/parts";
import { expectShape } from "../../../fixtures/json-shape";
import { RecoverCluster, docker } from "../../change/recover/recover-cluster";

interface Difference {
  readonly code: string;
  readonly severity: string;
  readonly where: readonly string[];
  readonly subject: string | null;
  readonly what: string;
  readonly declared: string | null;
  readonly found: string | null;
  readonly remedy: string;
}

interface Report {
  readonly drift: boolean;
  readonly differences: readonly Difference[];
}

/** A running cluster on real parts, changed past its configuration in one way after the other. What helps is done as printed. */
describe("what drift finds, and what mends it", () => {
  let parts: Parts;
  let cluster: RecoverCluster;
  let environment: Environment;
  const nodes = (...names: string[]) => ({ local: Object.fromEntries(names.map((name) => [name, {}])) });

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    cluster = await RecoverCluster.create(parts);
    // A name of its own for the image, which can be moved without moving anybody's.
    await docker("tag", parts.image.tag, image());
    environment = cluster.environment({
      ephemeral: false,
      image: image(),
      memory: 768,
      settings: { work_mem: "8MB" },
      workers: nodes("worker1", "worker2"),
    });
    cluster.declare(environment);
  });

  afterAll(async () => {
    for (const name of ["foreign", "member"]) await remove(name);
    await docker("network", "rm", other()).catch(() => undefined);
    await cluster?.destroy();
    await docker("rmi", image()).catch(() => undefined);
    await parts?.stop();
  });

  const image = () => `localhost/${cluster.name}/citusdata/citus:13.0.3`;
  const other = () => `${cluster.name}-other`;
  const remove = (name: string) =>
    docker("rm", "--force", "--volumes", `${cluster.name}-${name}`).catch(() => undefined);

  it("before the first deploy: each node, once", async () => {
    const found = await differences();
    expect(found.filter(({ code }) => code !== "unknown").map(({ code, where }) => [code, ...where])).toEqual(
      [
        ["not-applied", "local/coordinator"],
        ["not-applied", "local/worker1"],
        ["not-applied", "local/worker2"],
        ["not-applied", "local"],
        ["not-applied", "local"],
      ],
    );
    await cluster.deployment.applied();
  });

  it("of a fresh cluster: nothing", async () => {
    await expectNone();
    const { stdout, output, exitCode } = await cluster.run("drift");
    expect(exitCode, output).toBe(0);
    expect(stdout).toBe(`${cluster.name}  cluster ${cluster.name}: no drift\n`);
    expect(output).toContain("planning");
  });

  it("after a worker joined, a rebalance, a drain and its end, and a worker that left: nothing", async () => {
    await sql("CREATE TABLE public.event (id bigint PRIMARY KEY)");
    await sql("SELECT create_distributed_table('public.event', 'id', shard_count => 6)");
    await apply({ workers: nodes("worker1", "worker2", "worker3") });
    await expectNone();
    await commanded("rebalance", "start", "--yes");
    await expectNone();
    await commanded("drain", "local/worker2", "--yes");
    const drained = await differences();
    expect(drained.map(({ code, where }) => [code, ...where])).toEqual([
      ["shouldhaveshards", "local/worker2"],
    ]);
    await follow(drained);
    await expectNone();
    await apply({ workers: nodes("worker1", "worker2") });
    await expectNone();
  });

  it("ALTER SYSTEM, in force, over a declared one, and for the next start", async () => {
    await at("worker1", "ALTER SYSTEM SET maintenance_work_mem = '96MB'", "SELECT pg_reload_conf()");
    const [found] = await expectFollowed([["alter-system", "local/worker1"]]);
    expect(found).toMatchObject({ severity: "warning", declared: "not declared", found: "96MB" });
    expect(found?.remedy).toContain("ALTER SYSTEM RESET maintenance_work_mem");

    await at("worker1", "ALTER SYSTEM SET work_mem = '64MB'", "SELECT pg_reload_conf()");
    const [over] = await expectFollowed([["alter-system", "local/worker1"]]);
    expect(over).toMatchObject({ severity: "advice", declared: "8MB", found: "64MB" });
    expect(over?.what).toContain("without effect");

    await at("worker2", "ALTER SYSTEM SET max_connections = 120", "SELECT pg_reload_conf()");
    const [pending] = await differences();
    expect(pending).toMatchObject({ code: "alter-system", where: ["local/worker2"] });
    expect(pending?.what).toContain("takes effect at its next start");
    await docker("restart", cluster.node("worker2"));
    await healthy("worker2");
    const [inForce] = await expectFollowed([["alter-system", "local/worker2"]], () => healthy("worker2"));
    expect(inForce?.remedy).toContain("restart");
  });

  it("ALTER SYSTEM that was undone, and counts until the next start", async () => {
    await at("worker2", "ALTER SYSTEM SET max_connections = 120");
    await docker("restart", cluster.node("worker2"));
    await healthy("worker2");
    await at("worker2", "ALTER SYSTEM RESET max_connections", "SELECT pg_reload_conf()");
    await expectFollowed([["pending-restart", "local/worker2"]], () => healthy("worker2"));
  });

  it("a line in postgresql.conf, and one that can't be read", async () => {
    await docker(
      "exec",
      cluster.node("worker1"),
      "sh",
      "-c",
      'echo "random_page_cost = 2" >> $PGDATA/postgresql.conf',
    );
    await at("worker1", "SELECT pg_reload_conf()");
    const [found] = await expectFollowed([["config-file", "local/worker1"]]);
    expect(found).toMatchObject({ declared: "not declared", found: "2" });
    await docker(
      "exec",
      cluster.node("worker1"),
      "sh",
      "-c",
      'echo "this is no setting" >> $PGDATA/postgresql.conf',
    );
    const [broken] = await expectFollowed([["config-file", "local/worker1"]]);
    expect(broken?.what).toContain("can't be read");
  });

  it("ALTER ROLE and ALTER DATABASE, on all nodes and on one", async () => {
    await sql("ALTER ROLE postgres SET work_mem = '5MB'");
    const [role] = await expectFollowed([
      ["role-setting", "local/coordinator", "local/worker1", "local/worker2"],
    ]);
    expect(role).toMatchObject({ severity: "warning", declared: "8MB", found: "5MB" });
    await at(
      "worker1",
      "SET citus.enable_ddl_propagation = off",
      "ALTER ROLE postgres SET random_page_cost = 2",
    );
    await expectFollowed([["role-setting", "local/worker1"]]);
    await sql("ALTER ROLE postgres IN DATABASE postgres SET random_page_cost = 2");
    await expectFollowed([["role-setting", "local/coordinator", "local/worker1", "local/worker2"]]);
    await sql("ALTER DATABASE postgres SET random_page_cost = 2");
    await expectFollowed([["database-setting", "local/coordinator"]]);
    await at(
      "worker2",
      "SET citus.enable_ddl_propagation = off",
      "ALTER DATABASE template1 SET random_page_cost = 2",
    );
    await at("worker2", "ALTER DATABASE postgres SET default_transaction_read_only = on");
    await expectFollowed([
      ["database-setting", "local/worker2"],
      ["database-setting", "local/worker2"],
    ]);
  });

  it("what the environment accepts: shown, without an exit code; what is like it is not; and that it is gone", async () => {
    const [where, subject] = ["local/worker1", "maintenance_work_mem"];
    const [load, exporter] = ["the load test of June", "the exporter of our metrics"];
    const acceptedDrift: Environment["acceptedDrift"] = [
      { code: "alter-system", where, subject, found: "96MB", reason: load },
      { code: "container-foreign", subject: cluster.node("foreign"), reason: exporter },
    ];
    cluster.declare({ ...environment, acceptedDrift });
    expect(await cluster.deployment.plan()).toEqual([]);
    await at("worker1", `ALTER SYSTEM SET ${subject} = '96MB'`, "SELECT pg_reload_conf()");
    await run("foreign");
    await expectNone();
    const shown = await cluster.run("drift");
    expect(shown.exitCode, shown.output).toBe(0);
    expect(shown.stdout).toContain("no drift, 2 accepted");
    expect(shown.stdout).toMatch(
      /^accepted local\/worker1: .*, found: 96MB; reason: the load test of June$/m,
    );
    expect(shown.stdout).toMatch(/^accepted local: .*; reason: the exporter of our metrics$/m);

    await at("worker1", "ALTER SYSTEM SET random_page_cost = 2", "SELECT pg_reload_conf()");
    await at("worker2", `ALTER SYSTEM SET ${subject} = '96MB'`, "SELECT pg_reload_conf()");
    const others = await differences();
    expect(others.map(({ code, where: places, subject: of }) => [code, ...places, of])).toEqual([
      ["alter-system", where, "random_page_cost"],
      ["alter-system", "local/worker2", subject],
    ]);
    await follow(others);

    await at("worker1", `ALTER SYSTEM SET ${subject} = '1GB'`, "SELECT pg_reload_conf()");
    const [another] = await differences();
    expect(another).toMatchObject({ code: "alter-system", subject, found: "1GB" });
    await at("worker1", `ALTER SYSTEM RESET ${subject}`, "SELECT pg_reload_conf()");
    const stale = await cluster.run("drift");
    expect(stale.exitCode, stale.output).toBe(0);
    expect(stale.stdout).toContain("no drift, 1 accepted");
    expect(stale.stdout).toContain(
      `stale    alter-system: ${subject} at ${where} with 96MB is accepted (${load}), and there is none`,
    );
    await remove("foreign");
    cluster.declare(environment);
    await expectNone();
  });

  it("memory that was updated by hand", async () => {
    await docker("update", "--memory", "700m", "--memory-swap", "700m", cluster.node("worker2"));
    const [found] = await expectFollowed([["changed-outside", "local/worker2"]]);
    expect(found).toMatchObject({ declared: "768 MB", found: "700 MB" });
  });

  it("a container that is stopped, paused, or gone", async () => {
    await docker("stop", cluster.node("worker1"));
    const [stopped] = await expectFollowed([["container-stopped", "local/worker1"]], () =>
      healthy("worker1"),
    );
    expect(stopped?.severity).toBe("broken");
    await docker("pause", cluster.node("worker1"));
    await expectFollowed([["container-stopped", "local/worker1"]]);
    await docker("rm", "--force", "--volumes", cluster.node("worker1"));
    await expectFollowed([["container-missing", "local/worker1"]]);
  });

  it("the coordinator that is stopped: the other views are compared", async () => {
    await docker("stop", cluster.node("coordinator"));
    await docker("update", "--memory", "700m", "--memory-swap", "700m", cluster.node("worker2"));
    const found = await differences();
    expect(found.map(({ code, where }) => [code, ...where])).toEqual([
      ["container-stopped", "local/coordinator"],
      ["unknown"],
      ["changed-outside", "local/worker2"],
    ]);
    await follow(found.slice(0, 1));
    await healthy("coordinator");
    await expectFollowed([["changed-outside", "local/worker2"]]);
  });

  it("a container on the cluster's network, and a node's on another one or on none", async () => {
    await run("foreign");
    await expectFollowed([["container-foreign", "local"]]);
    await remove("foreign");
    await docker("network", "create", other());
    await docker("network", "connect", other(), cluster.node("worker1"));
    await expectFollowed([["networks", "local/worker1"]]);
    await docker("network", "disconnect", cluster.name, cluster.node("worker1"));
    await expectFollowed([["networks", "local/worker1"]]);
  });

  it("a container of a node's name that Terraform didn't make", async () => {
    const name = cluster.node("worker1");
    await docker("rm", "--force", "--volumes", name);
    await docker(
      "run",
      "--detach",
      "--name",
      name,
      "--network",
      cluster.name,
      "--entrypoint",
      "sleep",
      image(),
      "600",
    );
    const found = await differences();
    expect(found.map(({ code, where }) => [code, ...where])).toEqual([
      ["container-unmanaged", "local/worker1"],
    ]);
    await docker("rm", "--force", "--volumes", name);
    await cluster.deployment.applied();
    await expectNone();

    cluster.loseResources("docker_container.local_worker1");
    const lost = await differences();
    expect(lost.map(({ code, where }) => [code, ...where])).toEqual([
      ["container-unmanaged", "local/worker1"],
    ]);
    const [, command = ""] = /`(npx pg-dist recover [^`]*)`/.exec(lost[0]?.remedy ?? "") ?? [];
    await cluster.shell(`${command} --yes`);
    await cluster.deployment.applied();
    await expectNone();
  });

  it("a container with the cluster's labels that nobody declares", async () => {
    await run("foreign", "--label", `pg-dist.cluster=${cluster.name}`);
    const [found] = await differences();
    expect(found).toMatchObject({ code: "container-leftover", where: ["local"] });
    const [, command = ""] = /`(docker [^`]* rm [^`]*)`/.exec(found?.remedy ?? "") ?? [];
    await cluster.shell(command);
    await expectNone();
  });

  it("a tag that was moved to another image", async () => {
    const others = (await docker("images", "--format", "{{.Repository}}:{{.Tag}}", "citusdata/citus")).split(
      "\n",
    );
    const another = others.find((each) => each.startsWith("citusdata/citus:13.2"));
    if (another === undefined) throw new Error(`no other Citus image among ${others.join(", ")}`);
    await docker("tag", another, image());
    const [found] = await expectFollowed([
      ["image-moved", "local/coordinator", "local/worker1", "local/worker2"],
    ]);
    expect(found?.declared).not.toBe(found?.found);
  });

  it("pg_dist_node that was changed by hand", async () => {
    await sql(
      `SELECT citus_set_node_property('${cluster.node("worker2")}', 5432, 'shouldhaveshards', false)`,
    );
    await expectFollowed([["shouldhaveshards", "local/worker2"]]);

    await commanded("drain", "local/worker2", "--yes");
    await commanded("add", "local/worker2");
    await sql(`SELECT citus_disable_node('${cluster.node("worker2")}', 5432, synchronous => true)`);
    const disabled = await differences();
    expect(disabled.map(({ code, where }) => [code, ...where])).toEqual([["inactive", "local/worker2"]]);
    await sql(/SELECT citus_activate_node\([^)]*\)/.exec(disabled[0]?.remedy ?? "")?.[0] ?? "");
    await expectNone();

    await run("member");
    const ready = () => at("member", "SELECT extname FROM pg_extension WHERE extname = 'citus'");
    await expect.poll(() => ready().catch(String), { timeout: 120_000 }).toBe("citus\n");
    await sql(`SELECT citus_add_node('${cluster.node("member")}', 5432)`);
    const added = await differences();
    const endpoint = `${cluster.node("member")}:5432`;
    expect(added.map(({ code, where }) => [code, ...where])).toEqual([
      ["container-foreign", "local"],
      ["membership", endpoint],
    ]);
    const [, command = ""] = /`(npx pg-dist remove [^`]*)`/.exec(added[1]?.remedy ?? "") ?? [];
    await cluster.shell(`${command} --yes`);
    await remove("member");
    await expectNone();

    await sql(`SELECT citus_add_inactive_node('10.255.0.9', 5432, 1, 'secondary')`);
    const [standby] = await differences();
    expect(standby?.code).toBe("secondary");
    await sql(/SELECT citus_remove_node\([^)]*\)/.exec(standby?.remedy ?? "")?.[0] ?? "");
    await expectNone();
  });

  it("an environment that was edited, and not applied", async () => {
    const edited = { local: { worker1: {}, worker2: { settings: { random_page_cost: 2 } }, worker3: {} } };
    cluster.declare({ ...environment, workers: edited });
    const found = await differences();
    expect(found.map(({ code, where }) => [code, ...where])).toEqual([
      ["not-applied", "local/worker2"],
      ["not-applied", "local/worker3"],
    ]);
    expect(found[0]?.what).toContain("random_page_cost is unset, declared 2");
    await follow(found.slice(0, 1));
    await expectNone();
    await apply({ workers: nodes("worker1", "worker2") });
    await expectNone();
  });

  it("what Terraform ignores: extra hosts, of which a new container has all", async () => {
    const host = { connection: "unix:///var/run/docker.sock", extraHosts: { directory: "10.1.2.3" } };
    environment = { ...environment, hosts: { local: host } };
    cluster.declare(environment);
    const found = await differences();
    expect(found.map(({ code }) => code)).toEqual(["hosts", "hosts", "hosts"]);
    expect(found[0]).toMatchObject({ declared: "directory:10.1.2.3", found: "none" });
    for (const each of found) await follow([each]);
    await expectNone();

    const dataPath = { ...host, dataPath: "/srv/data" };
    cluster.declare({ ...environment, hosts: { local: dataPath } });
    const elsewhere = await differences();
    expect(elsewhere.map(({ code }) => code)).toEqual(["data-path", "data-path", "data-path"]);
    expect(elsewhere[0]?.remedy).toContain("declare in the environment where it is: no dataPath for local");
    cluster.declare(environment);
    await expectNone();
  });

  it("what Terraform ignores: the network's subnet; and a network that is gone", async () => {
    const connection = "unix:///var/run/docker.sock";
    const local = { connection, ...environment.hosts["local"], subnet: "10.213.254.0/24" };
    environment = { ...environment, hosts: { local } };
    cluster.declare(environment);
    const [subnet] = await differences();
    expect(subnet).toMatchObject({ code: "subnet", declared: "10.213.254.0/24", where: ["local"] });
    await typeThere(subnet?.remedy);
    await cluster.deployment.applied();
    await expectNone();

    const names = ["coordinator", "worker1", "worker2"].map((name) => cluster.node(name));
    await docker("stop", ...names);
    await docker("network", "disconnect", "--force", cluster.name, cluster.node("worker1"));
    await docker("network", "disconnect", "--force", cluster.name, cluster.node("worker2"));
    await docker("network", "disconnect", "--force", cluster.name, cluster.node("coordinator"));
    await docker("network", "rm", cluster.name);
    const gone = (await differences()).find(({ code }) => code === "network-missing");
    expect(gone).toMatchObject({ severity: "broken", where: ["local"] });
    await typeThere(gone?.remedy);
    await cluster.deployment.applied();
    await expectNone();
  });

  it("a Docker host that doesn't answer, and nothing at all that does", async () => {
    cluster.declare({
      ...environment,
      hosts: { local: { ...environment.hosts["local"], connection: `unix:///run/${cluster.name}.sock` } },
    });
    const found = await differences();
    expect(found.map(({ code, where }) => [code, ...where])).toEqual([["unknown", "local"], ["unknown"]]);
    const { exitCode, output } = await cluster.run("drift", "--via", "exec");
    expect(exitCode, output).toBe(1);
    expect(output).toContain("nothing could be checked");
    cluster.declare(environment);
    await expectNone();
  });

  /** The difference that is expected, whose remedy is then done as it is printed; nothing is left of it. */
  async function expectFollowed(
    expected: readonly (readonly string[])[],
    until: () => Promise<void> = () => Promise.resolve(),
  ): Promise<readonly Difference[]> {
    const found = await differences();
    expect(found.map(({ code, where }) => [code, ...where])).toEqual(expected);
    await follow(found);
    await until();
    await expectNone();
    return found;
  }

  async function expectNone(): Promise<void> {
    expect(await differences()).toEqual([]);
  }

  async function differences(): Promise<readonly Difference[]> {
    const { stdout, exitCode, output } = await cluster.run("drift", "--json", "--timeout", "60");
    expect(output).not.toContain(cluster.deployment.password);
    const report = expectShape<Report>("drift", stdout);
    expect(exitCode).toBe(report.differences.length === 0 ? 0 : 3);
    expect(report.drift).toBe(report.differences.length > 0);
    return report.differences;
  }

  /** Up to the first alternative: what else would do. */
  async function follow(found: readonly Difference[]): Promise<void> {
    for (const { remedy } of found) {
      const [first = ""] = remedy.split(/; or,? |, or undo/);
      const commands = [...first.matchAll(/`((?:npx|docker) [^`]*)`/g)].flatMap(
        ([, command]) => command ?? [],
      );
      const replaced = /terraform apply (-replace=\S+)/.exec(first)?.[1];
      expect([...commands, replaced], remedy).not.toEqual([undefined]);
      for (const command of commands) {
        if (command.startsWith("npx cdktf deploy ")) await cluster.deployment.applied();
        else await cluster.shell(command);
      }
      if (replaced !== undefined) {
        const { exitCode, output } = await cluster.deployment.run("apply", "-auto-approve", replaced);
        expect(exitCode, output).toBe(0);
      }
    }
  }

  /** What is to be typed on the server, up to the deploy. */
  async function typeThere(remedy = ""): Promise<void> {
    const [, commands = ""] = /there: (docker .*?); then `npx cdktf deploy/.exec(remedy) ?? [];
    expect(commands, remedy).not.toBe("");
    for (const command of commands.split("; ")) await cluster.shell(command);
  }

  async function apply(more: Partial<Environment>): Promise<void> {
    environment = { ...environment, ...more };
    cluster.declare(environment);
    await cluster.deployment.applied();
  }

  async function commanded(command: string, ...args: string[]): Promise<void> {
    const { exitCode, output } = await cluster.run(command, ...args);
    expect(exitCode, output).toBe(0);
  }

  function sql(statement: string): Promise<object[]> {
    return cluster.deployment.query(statement);
  }

  /** On a node itself, in one session. */
  function at(name: string, ...statements: string[]): Promise<string> {
    const commands = statements.flatMap((each) => ["-c", each]);
    return docker(
      ...["exec", cluster.node(name), "psql", "-h", "127.0.0.1", "-U", "postgres", "-XAtq", ...commands],
    );
  }

  async function healthy(name: string): Promise<void> {
    await expect
      .poll(() => docker("inspect", "--format", "{{.State.Health.Status}}", cluster.node(name)), {
        timeout: 60_000,
      })
      .toBe("healthy\n");
  }

  /** A server of Citus that somebody started beside the cluster. */
  function run(name: string, ...more: string[]): Promise<string> {
    const env = ["--env", `POSTGRES_PASSWORD=${cluster.deployment.password}`];
    const network = ["--network", cluster.name, "--name", cluster.node(name), ...more];
    return docker("run", "--detach", ...env, ...network, image(), "postgres", "-c", "wal_level=logical");
  }
});
