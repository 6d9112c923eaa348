import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, docker, dockerLogs } from "../../../fixtures/citus-containers";
import { CitusProject } from "../../../fixtures/citus-project";
import { expectShape } from "../../../fixtures/json-shape";

interface Status {
  readonly healthy: boolean;
  readonly problems: readonly {
    readonly severity: string;
    readonly check: string;
    readonly node: string | null;
    readonly what: string;
    readonly remedy: string;
  }[];
  readonly roles: readonly {
    readonly role: string;
    readonly faults: readonly { readonly cause: string; readonly nodes: readonly string[] }[];
  }[];
}

/** A password that is made up here, with what a shell, SQL or libpq would take for its own in it. */
function oddPassword(odd: string): string {
  return `${odd}${randomBytes(6).toString("hex")}`;
}

const ODD: Readonly<Record<string, string>> = {
  [`O'Brien "x" $(id)`]: oddPassword(`it's "a" \\ $(id) \`id\` \${x} %s `),
  "Überprüfer Ж": oddPassword("pässwört Ж № ﬁ"),
  "-v back\\slash": oddPassword(" leading = and; trailing \\'"),
};

describeOnCitus("credentials of roles between nodes", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);
  const passwords: Record<string, string> = { app: oddPassword(""), ...ODD };
  const workers = ["w1", "w2"];

  /** As a client of that role, at a node's own address, where a password is asked for. */
  const queryAs = (role: string, node: string, sql: string, database = "postgres"): Promise<string> =>
    docker(
      ...[
        "exec",
        "-e",
        `PGPASSWORD=${passwords[role]}`,
        "-e",
        `PGUSER=${role}`,
        citus.container(node),
        "psql",
      ],
      ...["-h", citus.container(node), "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql],
    );

  const status = async (): Promise<Status> =>
    expectShape<Status>("status", (await project.run("status", "test", "--json", "--timeout", "60")).stdout);
  const placements = () =>
    citus.sql(
      "coordinator",
      "SELECT string_agg(shardid || ':' || groupid, ',' ORDER BY shardid) FROM pg_dist_placement",
    );
  const pgDist = (env: NodeJS.ProcessEnv, ...args: string[]) => {
    const own = new CitusProject(citus, env);
    return own.declare(workers, { workers: { local: { w1: {}, w2: {}, w3: {} } } }).then(async () => {
      try {
        return await own.run(...args.slice(0, 2), "--timeout", "60", ...args.slice(2));
      } finally {
        await own.destroy();
      }
    });
  };
  const givePasswords = () => ({ TF_VAR_role_passwords: JSON.stringify(passwords) });

  beforeAll(async () => {
    await citus.create();
    await Promise.all(["coordinator", "w1", "w2", "w3"].map((name) => citus.start(name)));
    expect((await citus.register(await citus.cluster(workers))).code).toBe(0);
    await project.declare(["w1", "w2"]);
    const quoted = Object.keys(passwords).map((role) => `"${role.replaceAll('"', '""')}"`);
    const literals = Object.values(passwords).map((each) => `E'${each.replace(/[\\']/g, "\\$&")}'`);
    await citus.sql(
      "coordinator",
      `${quoted.map((role, index) => `CREATE ROLE ${role} LOGIN PASSWORD ${literals[index]};`).join("\n")}
       CREATE ROLE idle LOGIN PASSWORD 'x'; CREATE ROLE owner NOLOGIN;
       GRANT CREATE ON SCHEMA public TO app;
       CREATE TABLE orders (id bigint PRIMARY KEY, note text); ALTER TABLE orders OWNER TO app;
       SELECT create_distributed_table('orders', 'id', shard_count => 4);
       INSERT INTO orders SELECT i FROM generate_series(1, 100) i;
       GRANT SELECT ON orders TO ${quoted.slice(1).join(", ")}`,
    );
    await citus.sql(
      "coordinator",
      "CREATE TABLE parts (id bigint PRIMARY KEY); SELECT create_distributed_table('parts', 'id', colocate_with => 'orders')",
    );
    // By itself: Citus 13.0 can't in the transaction that distributed it.
    await citus.sql("coordinator", "ALTER TABLE parts OWNER TO owner");
    // Only now: what was typed above has passwords in it.
    for (const node of ["coordinator", "w1", "w2", "w3"]) {
      await citus.sql(node, "ALTER SYSTEM SET log_statement = 'all'");
      await citus.sql(node, "SELECT pg_reload_conf()");
    }
  }, 180_000);

  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  test("status and doctor name the roles, what fails for them, and what helps", async () => {
    await expect(queryAs("app", "coordinator", "SELECT count(*) FROM orders")).rejects.toThrow(
      /password authentication/,
    );
    const { healthy, problems, roles } = await status();
    expect(healthy).toBe(false);
    const own = problems.filter(({ check }) => check === "roles");
    const ofApp = own.find(({ what }) => what.startsWith("role app,"));
    expect(ofApp).toMatchObject({
      severity: "broken",
      remedy: "`npx pg-dist credentials test app` stores it on every node",
    });
    expect(ofApp?.what).toContain("owns 1 distributed table (public.orders)");
    const ofOwner = own.find(({ what }) => what.startsWith("role owner,"));
    expect(ofOwner).toMatchObject({ severity: "warning" });
    expect(ofOwner?.remedy).toContain("credentials test --generate owner");
    expect(roles.map(({ role }) => role).sort()).toEqual([...Object.keys(passwords), "owner"].sort());
    expect(own.some(({ what }) => what.includes("idle"))).toBe(false);

    const doctor = await project.run("doctor", "test", "--json", "--timeout", "60");
    expect(doctor.code).toBe(3);
    const { findings } = expectShape<{ findings: { check: string; outcome: string; seen: string }[] }>(
      "doctor",
      doctor.stdout,
    );
    expect(findings.filter(({ check, outcome }) => check === "roles" && outcome === "failed")).toMatchObject([
      { seen: expect.stringContaining("role app") as string },
    ]);
  });

  test("a drain is refused before its first move", async () => {
    const before = await placements();
    const { code, output } = await project.run("drain", "test", "local/w2", "--yes", "--timeout", "60");
    expect(code, output).toBe(4);
    expect(output).toContain("role app");
    expect(output).toContain("role owner");
    expect(output).toContain("npx pg-dist credentials test app");
    expect(await placements()).toBe(before);
    expect(
      await citus.sql("coordinator", "SELECT bool_and(shouldhaveshards) FROM pg_dist_node WHERE groupid > 0"),
    ).toBe("t");
  });

  test("a wrong password, an unknown role and one without a login are refused, and nothing is stored", async () => {
    const stored = () => citus.sql("coordinator", "SELECT count(*) FROM pg_dist_authinfo");
    const wrong = await pgDist({ PGDIST_ROLE_PASSWORD: "wrong" }, "credentials", "test", "app");
    expect(wrong.code, wrong.output).toBe(4);
    expect(wrong.last).toContain("refuses this password of role app");
    for (const role of ["nobody", "owner"]) {
      const refused = await pgDist({ PGDIST_ROLE_PASSWORD: "x" }, "credentials", "test", role);
      expect(refused.code, refused.output).toBe(4);
    }
    const generated = await pgDist({}, "credentials", "test", "app", "--generate");
    expect(generated.code, generated.output).toBe(4);
    expect(await stored()).toBe("1");
  });

  test("stored for roles of any name with any password, every node runs their queries, and no log has a secret", async () => {
    const { code, output } = await pgDist(
      givePasswords(),
      "credentials",
      "test",
      "--",
      ...Object.keys(passwords),
    );
    expect(code, output).toBe(0);
    for (const role of Object.keys(passwords))
      for (const node of ["coordinator", "w1"])
        expect(await queryAs(role, node, "SELECT count(*) FROM orders"), `${role} at ${node}`).toBe("100");
    await queryAs(
      "app",
      "coordinator",
      "CREATE TABLE own (id bigint PRIMARY KEY); SELECT create_distributed_table('own', 'id', shard_count => 2)",
    );
    for (const node of ["coordinator", "w1", "w2"]) {
      const log = await dockerLogs(citus.container(node));
      for (const password of Object.values(passwords)) expect(log.includes(password)).toBe(false);
    }
    for (const password of Object.values(passwords)) expect(output.includes(password)).toBe(false);
  });

  /** What `credentials --check` finds, by role. */
  const check = async (...roles: string[]) => {
    const { stdout } = await pgDist({}, "credentials", "test", "--check", "--json", "--", ...roles);
    const checked = expectShape<{ roles: (Status["roles"][number] & { what: string; remedy: string })[] }>(
      "credentials",
      stdout,
    );
    return {
      causes: Object.fromEntries(
        checked.roles.map(({ role, faults }) => [role, faults.map(({ cause }) => cause)]),
      ),
      ...checked.roles[0],
    };
  };

  test("a role whose connections are few is not refused by the check's own, and who refuses one is blamed for what it is", async () => {
    const [, odd = "", name = "", old = ""] = Object.keys(passwords);
    await citus.sql("coordinator", "ALTER ROLE app CONNECTION LIMIT 1");
    expect(await check("app")).toMatchObject({ causes: { app: [] } });
    // Its one connection is taken, on one node.
    const holder = docker(
      ...[
        "exec",
        "-e",
        `PGPASSWORD=${passwords["app"]}`,
        citus.container("w1"),
        "psql",
        "-h",
        citus.container("w1"),
      ],
      ...["-U", "app", "-d", "postgres", "-c", "SELECT pg_sleep(600)"],
    ).catch(() => "ended");
    const held = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND wait_event = 'PgSleep'";
    await expect.poll(() => citus.sql("w1", held), { timeout: 30_000 }).toBe("1");
    const hba = "(SELECT current_setting('hba_file'))";
    const before = await citus.sql("w1", `SELECT pg_read_file(${hba})`);
    const write = async (text: string) => {
      const file = await citus.sql("w1", "SHOW hba_file");
      await docker("exec", citus.container("w1"), "sh", "-c", 'printf "%s\\n" "$1" > "$2"', "sh", text, file);
      await citus.sql("w1", "SELECT pg_reload_conf()");
    };
    await write(`host all "${odd.replaceAll('"', '""')}" all reject\n${before}`);
    await citus.sql("coordinator", `ALTER ROLE "${name}" SET statement_timeout = '1ms'`);
    await citus.sql("coordinator", `ALTER ROLE "${old}" VALID UNTIL '2020-01-01' CONNECTION LIMIT 0`);
    let found: Awaited<ReturnType<typeof check>> = { causes: {} };
    await expect
      .poll(async () => (found = await check("app", odd, name, old)).causes, { timeout: 60_000 })
      .toEqual({ app: ["limited"], [odd]: ["hba"], [name]: ["other"], [old]: ["expired", "barred"] });
    const { what, remedy = "" } = found;
    const ofOld = (await check(old)).remedy ?? "";
    for (const each of ofOld.split("; then "))
      await citus.sql("coordinator", each.replace(/ on the coordinator$/, ""));
    expect(what).toContain("is refused by local/w1, as its CONNECTION LIMIT is reached there");
    const [, statement = ""] = /\((ALTER ROLE app CONNECTION LIMIT -1)\)/.exec(remedy) ?? [];
    await citus.sql("coordinator", statement);
    await citus.sql("coordinator", `ALTER ROLE "${name}" RESET statement_timeout`);
    await write(before);
    await expect
      .poll(async () => (await check("app", odd, name, old)).causes, { timeout: 60_000 })
      .toEqual({ app: [], [odd]: [], [name]: [], [old]: [] });
    await citus.sql(
      "w1",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    );
    await holder;
  });

  test("an owner that may not log in gets a login that nobody has the password of", async () => {
    const { code, output } = await pgDist({}, "credentials", "test", "owner", "--generate");
    expect(code, output).toBe(0);
    // Not only once a drain is refused.
    expect(output).toContain("GRANT CREATE, USAGE ON SCHEMA public TO owner on the coordinator");
    const left = (await status()).problems.filter(({ check }) => check === "roles");
    // Its tables' shards are made as it.
    expect(left).toMatchObject([
      { remedy: "GRANT CREATE, USAGE ON SCHEMA public TO owner on the coordinator" },
    ]);
    const refused = await project.run("drain", "test", "local/w2", "--yes", "--timeout", "60");
    expect(refused.code, refused.output).toBe(4);
    await citus.sql("coordinator", "GRANT CREATE, USAGE ON SCHEMA public TO owner");
    expect((await status()).problems.filter(({ check }) => check === "roles")).toEqual([]);
    const checked = await pgDist({}, "credentials", "test", "--check", "--json");
    expect(checked.code, checked.output).toBe(0);
    expectShape("credentials", checked.stdout);
  });

  test("a worker that joins gets the credentials that the coordinator has", async () => {
    workers.push("w3");
    await citus.sql(
      "coordinator",
      "SET citus.enable_create_role_propagation = off; CREATE ROLE coordinators LOGIN PASSWORD 'c'; " +
        "INSERT INTO pg_dist_authinfo VALUES (0, 'coordinators', 'password=c')",
    );
    const { code, output } = await citus.register(await citus.cluster(workers));
    expect(code, output).toBe(0);
    for (const role of Object.keys(passwords))
      expect(await queryAs(role, "w3", "SELECT count(*) FROM orders"), role).toBe("100");
    expect(output).toContain(
      "role coordinators: made as the coordinator has it on local/w1, local/w2, local/w3",
    );
    const again = await citus.register(await citus.cluster(workers));
    expect(again.output).toContain("nothing was changed");
    await project.declare(workers);
  });

  test("the environment's roles are stored by registration, and one that isn't there is said", async () => {
    await citus.sql("coordinator", "DELETE FROM pg_dist_authinfo WHERE rolename = 'app'");
    const cluster = { ...(await citus.cluster(workers)), roles: ["app", "nobody"] };
    const env = { TF_VAR_role_passwords: JSON.stringify({ ...passwords, nobody: oddPassword("") }) };
    const missing = await citus.register(cluster, env);
    expect(missing.code, missing.output).toBe(1);
    expect(missing.last).toContain("environment test: role nobody does not exist in the cluster");
    expect(await queryAs("app", "coordinator", "SELECT count(*) FROM orders")).toBe("100");
    const none = await citus.register(cluster);
    expect(none.last).toContain("no password of it is given");
    const stored = await citus.register({ ...cluster, roles: ["app"] });
    expect(stored.code, stored.output).toBe(0);
    expect([missing, none, stored].some(({ output }) => output.includes(String(passwords["app"])))).toBe(
      false,
    );
  });

  test("then a drain and a rebalance move what these roles own", async () => {
    const drained = await project.run("drain", "test", "local/w2", "--yes", "--timeout", "60");
    expect(drained.code, drained.output).toBe(0);
    const added = await project.run("add", "test", "local/w2", "--timeout", "60");
    expect(added.code, added.output).toBe(0);
    await citus.sql("coordinator", "ALTER ROLE owner NOLOGIN");
    const refused = await project.run("rebalance", "test", "start", "--yes", "--timeout", "60");
    expect(refused.code, refused.output).toBe(4);
    expect(refused.last).toContain("role owner");
    expect((await project.run("rebalance", "test", "plan", "--timeout", "60")).output).toContain(
      "role owner",
    );
  });

  describe("another database with Citus that was made by hand", () => {
    const nodes = ["coordinator", "w1", "w2"];
    const stored = async () =>
      Promise.all(
        nodes.map((node) =>
          citus.sql(node, "SELECT string_agg(rolename, ',' ORDER BY rolename) FROM pg_dist_authinfo", "app2"),
        ),
      );
    const logins = async () => {
      await project.declare(workers);
      return (await status()).problems.filter(
        ({ check, severity }) => check === "other-database" && severity !== "advice",
      );
    };
    const count = () => citus.sql("coordinator", "SELECT count(*) FROM invoice", "app2");
    /** As Terraform does it when a start-up setting changes: the volume stays, PGPASSWORD of its first start doesn't. */
    const replaceAll = () =>
      Promise.all(
        nodes.map(async (node) => {
          await citus.remove(node);
          await citus.start(node, { settings: ["max_connections=120"] });
        }),
      );

    test("is named before it breaks, and stored passwords keep it from that", async () => {
      for (const node of nodes) {
        await citus.sql(node, "CREATE DATABASE app2");
        await citus.sql(node, "CREATE EXTENSION citus", "app2");
      }
      await citus.sql(
        "coordinator",
        `SELECT citus_set_coordinator_host('${citus.container("coordinator")}', 5432);
         SELECT citus_add_node(name, 5432) FROM unnest(ARRAY['${citus.container("w1")}', '${citus.container("w2")}']) name;
         CREATE TABLE invoice (id bigint PRIMARY KEY); ALTER TABLE invoice OWNER TO app;
         SELECT create_distributed_table('invoice', 'id', shard_count => 4);
         INSERT INTO invoice SELECT generate_series(1, 100)`,
        "app2",
      );
      const remedy = "`npx pg-dist credentials test --database app2` stores it on every node";
      const [first] = await logins();
      expect(first).toMatchObject({ severity: "warning", remedy });
      expect(first?.what).toContain("is stored on local/coordinator, local/w1, local/w2");
      const doctor = await project.run("doctor", "test", "--json", "--timeout", "60");
      expect(doctor.stdout).toContain("in the Citus database app2 on these servers no password");

      const { code, output } = await pgDist({}, "credentials", "test", "--database", "app2");
      expect(code, output).toBe(0);
      expect(await stored()).toEqual(["app,postgres", "app,postgres", "app,postgres"]);
      expect(await logins()).toEqual([]);
      for (const node of nodes)
        expect(await queryAs("app", node, "SELECT count(*) FROM invoice", "app2")).toBe("100");
    });

    test("without them, it fails when containers are replaced, and the deploy's registration mends it", async () => {
      for (const node of nodes) await citus.sql(node, "DELETE FROM pg_dist_authinfo", "app2");
      await replaceAll();
      await expect(count()).rejects.toThrow(/password/);
      const [broken] = await logins();
      expect(broken).toMatchObject({ severity: "broken" });
      expect(broken?.what).toContain(
        "local/coordinator can't log in to local/w1 (fe_sendauth: no password supplied)",
      );
      const registered = await citus.register(await citus.cluster(workers));
      expect(registered.code, registered.output).toBe(0);
      expect(registered.output).toContain(
        "in database app2: role postgres: password for the other nodes stored on local/w1",
      );
      expect(await count()).toBe("100");
      expect(await logins()).toEqual([]);
      expect((await citus.register(await citus.cluster(workers))).output).toContain("nothing was changed");
    });

    test("a role's own, once given to one database, is taken from there", async () => {
      expect(await stored()).toEqual(["postgres", "postgres", "postgres"]);
      const { code, output } = await pgDist({}, "credentials", "test", "app", "--database", "app2");
      expect(code, output).toBe(0);
      expect(await queryAs("app", "w1", "SELECT count(*) FROM invoice", "app2")).toBe("100");
      // Changed in one, it is stored anew in the other.
      passwords["app"] = oddPassword("");
      const changed = await pgDist(givePasswords(), "credentials", "test", "app", "--set-password");
      expect(changed.code, changed.output).toBe(0);
      expect(await queryAs("app", "w1", "SELECT count(*) FROM invoice", "app2")).toBe("100");
    });
  });

  describe("the superuser's password", () => {
    const rotate = (node: string, before = "") =>
      citus.sql(node, `${before} ALTER ROLE postgres PASSWORD '${rotated}'`);
    let rotated = "";

    const expectRepaired = async () => {
      const { code, output } = await pgDist({ TF_VAR_postgres_password: rotated }, "credentials", "test");
      expect(code, output).toBe(0);
      for (const node of ["coordinator", "w1", "w2", "w3"])
        expect(await citus.sql(node, "SELECT count(*) FROM orders")).toBe("100");
      // By node and by node, in the other database as well.
      expect(await citus.sql("w1", "SELECT count(*) FROM invoice", "app2")).toBe("100");
      const healthy = await pgDist({ TF_VAR_postgres_password: rotated }, "health", "test");
      expect(healthy.code, healthy.output).toBe(0);
    };
    /** Said by all of them; never that data should go. */
    const expectBlamed = async (...commands: string[]) => {
      for (const command of commands) {
        const { code, output } = await pgDist({ TF_VAR_postgres_password: rotated }, command, "test");
        expect(code, output).toBe(3);
        expect(output, command).toContain("npx pg-dist credentials test");
        expect(output, command).not.toMatch(/volume|cdktf deploy/);
      }
    };

    test("changed by ALTER ROLE on the coordinator", async () => {
      rotated = randomBytes(12).toString("hex");
      await rotate("coordinator");
      await expectBlamed("status", "health", "doctor");
      const old = await pgDist({ TF_VAR_postgres_password: citus.password }, "status", "test");
      expect(old.last).toContain("set TF_VAR_postgres_password to the current one");
      expect(old.last).not.toContain("volume");
      await expectRepaired();
    });

    test("changed on the coordinator and not propagated", async () => {
      rotated = randomBytes(12).toString("hex");
      await rotate("coordinator", "SET citus.enable_alter_role_propagation = off;");
      await expectRepaired();
    });

    test("changed on one worker", async () => {
      await citus.sql(
        "w2",
        "SET citus.enable_ddl_propagation = off; ALTER ROLE postgres PASSWORD 'something else'",
      );
      await expectBlamed("status");
      await expectRepaired();
    });
  });
});
