import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, docker } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";
import {
  OWN_FURNITURE,
  OWN_ROW_COUNTS,
  ROLES,
  ROW_COUNTS,
  SECOND_DATABASE,
  SECOND_EXTENSION,
  SECOND_FURNITURE,
  SECOND_ROW_COUNTS,
  furniture,
} from "./furniture";
import { quoteIdentifier, quoteLiteral } from "./quoting";

const WORKERS = ["w1", "w2", "w3"];
/** Has a person's own things. */
const OWNED = "w3";

/** A finding of `status --json`. */
interface Finding {
  readonly severity: string;
  readonly check: string;
  readonly node?: string;
  readonly what: string;
  readonly remedy: string;
}

describeOnCitus("a cluster as people have them, on real Citus", () => {
  const citus = new CitusContainers();
  const password = `${randomBytes(9).toString("hex")}'\\ "`;
  const roles = Object.values(ROLES);
  const project = new CitusProject(citus, {
    TF_VAR_role_passwords: JSON.stringify(Object.fromEntries(roles.map((role) => [role, password]))),
  });

  beforeAll(async () => {
    await citus.create();
    await Promise.all(["coordinator", ...WORKERS].map((name) => citus.start(name)));
    const outcome = await citus.register(await citus.cluster(WORKERS));
    expect(outcome.code, outcome.output).toBe(0);
    await inOneSession("coordinator", furniture(password));
    await inOneSession(OWNED, OWN_FURNITURE);
    await project.declare(WORKERS);
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  /** Each statement by itself; a `docker exec` for each would take most of the test's time. */
  async function inOneSession(name: string, statements: readonly string[], database = "postgres") {
    const psql = [
      "psql",
      "-h",
      "127.0.0.1",
      "-U",
      "postgres",
      "-d",
      database,
      "-v",
      "ON_ERROR_STOP=1",
      "-qAt",
    ];
    await docker("exec", citus.container(name), ...psql, ...statements.flatMap((each) => ["-c", each]));
  }

  async function furnishSecond(): Promise<void> {
    const authinfo = quoteLiteral(`password=${citus.password}`);
    for (const name of ["coordinator", ...WORKERS]) {
      await citus.sql(name, `CREATE DATABASE ${quoteIdentifier(SECOND_DATABASE)}`);
      const store = `INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', ${authinfo})`;
      await inOneSession(name, [SECOND_EXTENSION, store], SECOND_DATABASE);
    }
    await inOneSession(
      "coordinator",
      [
        `SELECT citus_set_coordinator_host('${citus.container("coordinator")}', 5432)`,
        ...WORKERS.map((name) => `SELECT citus_add_node('${citus.container(name)}', 5432)`),
        ...SECOND_FURNITURE,
      ],
      SECOND_DATABASE,
    );
  }

  /** Every row that was ever there, in whichever database. */
  async function expectRows(): Promise<void> {
    const count = (table: string) => `SELECT count(*) FROM ${table}`;
    for (const [table, rows] of Object.entries(ROW_COUNTS))
      expect(await citus.sql("coordinator", count(table)), table).toBe(rows);
    for (const [table, rows] of Object.entries(SECOND_ROW_COUNTS))
      expect(await citus.sql("coordinator", count(table), SECOND_DATABASE), table).toBe(rows);
    for (const [table, rows] of Object.entries(OWN_ROW_COUNTS))
      expect(await citus.sql(OWNED, count(table)), table).toBe(rows);
    const asShop = `SET ROLE ${ROLES.shop}; ${count("shop.customer")}`;
    expect(await citus.sql("coordinator", asShop)).toBe(ROW_COUNTS["shop.customer"]);
  }

  async function findings(): Promise<{ code: number | null; found: readonly Finding[] }> {
    const { code, stdout, output } = await project.run("status", "test", "--json", "--timeout", "30");
    expect(stdout, output).toMatch(/^\{/);
    return { code, found: (JSON.parse(stdout) as { problems: Finding[] }).problems };
  }

  /** What status finds beside shards that are unevenly spread. */
  async function problems(): Promise<Finding[]> {
    const { found } = await findings();
    return found.filter(({ check }) => check !== "rebalance-advised");
  }

  const leave = async (id: string, workers: readonly string[]) =>
    (await citus.launch(await citus.cluster(workers), {}, ["leave", "--node", `local/${id}`])).ended;

  test("status names the roles that can't work, and the command that it names mends it", async () => {
    const before = await problems();
    expect(before.map(({ what }) => what).join("\n")).toContain(ROLES.billing);
    const refused = await project.run("drain", "test", "local/w1", "--yes");
    expect(refused.code, refused.output).toBe(4);
    expect(refused.output).toContain("pg-dist credentials test");
    const stored = await project.run("credentials", "test", ...roles);
    expect(stored.code, stored.output).toBe(0);
    expect((await problems()).filter(({ check }) => check.includes("role"))).toEqual([]);
    await furnishSecond();
    await expectRows();
  });

  test("status says what would hold up a removal, and nothing else", async () => {
    const found = await problems();
    expect(found.filter(({ severity }) => severity === "broken")).toEqual([]);
    const texts = found.map(({ what }) => what).join("\n");
    expect(texts).toContain(SECOND_DATABASE);
    expect(texts).toContain("my_export");
  });

  test("a worker is drained and takes its shards again without losing a row", async () => {
    const drained = await project.run("drain", "test", "local/w1", "--yes");
    expect(drained.code, drained.output).toBe(0);
    await expectRows();
    const added = await project.run("add", "test", "local/w1");
    expect(added.code, added.output).toBe(0);
    const rebalanced = await project.run("rebalance", "test", "start", "--yes");
    expect(rebalanced.code, rebalanced.output).toBe(0);
    await expectRows();
  });

  test("a worker of the second database leaves only once that has been emptied, too", async () => {
    const refused = await leave("w2", ["w1", OWNED]);
    expect(refused.code, refused.output).toBe(4);
    expect(refused.output).toContain(SECOND_DATABASE);
    const removed = await project.run("remove", "test", "local/w2", "--database", SECOND_DATABASE, "--yes");
    expect(removed.code, removed.output).toBe(0);
    const left = await leave("w2", ["w1", OWNED]);
    expect(left.code, left.output).toBe(0);
    await expectRows();
  });

  test("a worker with things of a person's own never goes in silence", async () => {
    const refused = await leave(OWNED, ["w1"]);
    expect(refused.code, refused.output).toBe(4);
    for (const name of ["my_export", "my_summary", SECOND_DATABASE]) expect(refused.output).toContain(name);
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pgdist.node WHERE leaving IS NOT NULL")).toBe(
      "0",
    );
    await expectRows();
  });
});
