import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Session } from "../../../../operations/cluster/connection/session";
import { directTransport } from "../../../../operations/cluster/connection/transports/direct";
import { type Answer, runOnNodes } from "../../../../operations/cluster/nodes/run-on-nodes";
import { CitusContainers, describeOnCitus, docker } from "../../../fixtures/citus-containers";

/** Each by its locale, which its encoding must fit. */
const DATABASES = { latin: "LATIN1", ascii: "SQL_ASCII" } as const;

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

describeOnCitus("a statement for another node", () => {
  const citus = new CitusContainers();

  beforeAll(async () => {
    await citus.create();
    await citus.start("coordinator");
    for (const [name, encoding] of Object.entries(DATABASES)) {
      await citus.sql(
        "coordinator",
        `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`,
      );
      await citus.sql("coordinator", "CREATE EXTENSION citus", name);
    }
  });
  afterAll(() => citus.destroy());

  /** The server asks itself, in a session that Citus opens. */
  const ask = async (statement: string, database = "postgres"): Promise<Answer | undefined> => {
    const port = (await docker("port", citus.container("coordinator"), "5432/tcp")).split(":").at(-1);
    const session = await Session.start(directTransport({ host: "127.0.0.1", port: Number(port) }), {
      ...{ user: "postgres", database, password: citus.password, applicationName: "test" },
    });
    const [answer] = await runOnNodes(session, [{ host: "127.0.0.1", port: 5432 }], [statement]);
    await session.end();
    return answer;
  };

  test.each([
    ["SELECT 1", "1"],
    ["SELECT true", "t"],
    ["SELECT ''", ""],
    // Citus gives no nulls.
    ["SELECT NULL", ""],
    ["SELECT 1 WHERE false", ""],
    ["SELECT pg_sleep(0)", ""],
    ["SELECT '2024-02-03'::date -- a day", "2024-02-03"],
    [
      "WITH a(b) AS (VALUES (E'<a>&amp;\\r\\n\\t\\\\\u00e4\u20ac\u{1f600}')) SELECT b FROM a",
      "<a>&amp;\r\n\t\\\u00e4\u20ac\u{1f600}",
    ],
  ])("%j is answered %j", async (statement, value) => {
    expect(await ask(statement)).toEqual({ value });
  });

  test("a long answer comes whole", async () => {
    const answer = await ask("SELECT string_agg(n || '\u00e4', '') FROM generate_series(1, 500000) n");
    const numbers = Array.from({ length: 500_000 }, (_, index) => `${index + 1}\u00e4`).join("");
    expect(answer !== undefined && "value" in answer ? md5(answer.value ?? "") : answer).toBe(md5(numbers));
  });

  test.each(Object.keys(DATABASES))("an answer keeps its characters in the database %s", async (name) => {
    expect(await ask("SELECT 'gr\u00fc\u00df'", name)).toEqual({ value: "gr\u00fc\u00df" });
  });

  test.each([
    ["SELECT nowhere", 'column "nowhere" does not exist'],
    ["SELECT 1 / 0", "division by zero"],
    ["SELECT 1, 2", "subquery must return only one column"],
    ["SELECT * FROM generate_series(1, 2)", "more than one row returned by a subquery used as an expression"],
  ])("the error of %j is the server's, on one line", async (statement, error) => {
    expect(await ask(statement)).toEqual({ error, connected: true });
  });

  describe("where the database has settings of its own", () => {
    beforeAll(async () => {
      for (const setting of ["standard_conforming_strings = off", "enable_seqscan = off"])
        await citus.sql("coordinator", `ALTER DATABASE postgres SET ${setting}`);
    });

    test("it is parsed by ours", async () => {
      expect(await ask("SELECT 'a\\b'")).toEqual({ value: "a\\b" });
    });

    // The library is loaded where a plan is compiled. The table has no index, so its scan counts as dear here.
    test("it isn't compiled, as it would be by theirs", async () => {
      const compiled =
        "SELECT pg_read_file('/proc/self/maps', 0, 1000000) LIKE '%llvmjit%' FROM pg_dist_node_metadata";
      expect(await citus.sql("coordinator", compiled)).toBe("t");
      expect(await ask(compiled)).toEqual({ value: "f" });
    });
  });
});
