import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, type Outcome, describeOnCitus } from "./citus-containers";

/** Moves that are held up, that can't succeed, or that are interrupted, on real Citus. Nothing here depends on how long it takes. */
describeOnCitus("moves on real Citus", () => {
  const citus = new CitusContainers();
  /** How a session is told from others in pg_stat_activity. */
  const HOLDER = "accounting";

  beforeAll(async () => {
    await citus.create();
    await Promise.all(
      ["coordinator", "w1", "w2", "w3"].map((name) =>
        citus.start(name, { settings: ["max_prepared_transactions=20"] }),
      ),
    );
    const { code, output } = await citus.register(await citus.cluster(["w1", "w2", "w3"]));
    expect(code, output).toBe(0);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY, note text);
       SELECT create_distributed_table('orders', 'id', shard_count => 6);
       INSERT INTO orders SELECT i, repeat('x', 100) FROM generate_series(1, 3000) i`,
    );
    await citus.sql("w3", "CREATE DATABASE reports");
    await citus.sql("w3", "CREATE TABLE sums (n int)", "reports");
  });
  afterAll(() => citus.destroy());

  test("Ctrl-C ends a move that waits for somebody's transaction, which is named, and leaves nothing behind", async () => {
    const holder = await hold("w3", "reports", "BEGIN; INSERT INTO sums VALUES (1);");
    const run = await leave("w3", ["w1", "w2"]);
    await run.shows("waits for process");
    run.child.kill("SIGINT");
    const outcome = await run.ended;
    await holder.release();
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.output).toMatch(
      new RegExp(
        `shard \\d+ of public.orders waits for process \\d+ on local/w3 \\(postgres, ${HOLDER}, database reports, idle in transaction for`,
      ),
    );
    expect(outcome.last).toContain("interrupted by SIGINT");
    await expectNothingLeft();
  });

  test("it is given up after the time that it may wait, and what its message says ends the wait", async () => {
    const holder = await hold("w3", "reports", "BEGIN; INSERT INTO sums VALUES (1);");
    const outcome = await (await leave("w3", ["w1", "w2"], { PGDIST_BLOCKED_TIMEOUT: "3" })).ended;
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.last).toMatch(
      /was given up: for \d+ s it waited for process \d+ on local\/w3 .*INSERT INTO sums/,
    );
    await expectNothingLeft();
    await citus.sql("coordinator", advised(outcome));
    await holder.ended;
  });

  test("a prepared transaction that it waits for is named", async () => {
    await citus.sql("w3", "BEGIN; INSERT INTO sums VALUES (1); PREPARE TRANSACTION 'app-7'", "reports");
    const outcome = await (await leave("w3", ["w1", "w2"], { PGDIST_BLOCKED_TIMEOUT: "3" })).ended;
    expect(outcome.last).toMatch(
      /waited for the prepared transaction app-7 on local\/w3 \(database reports, /,
    );
    expect(outcome.last).toContain("ROLLBACK PREPARED 'app-7'");
    await citus.sql("w3", "ROLLBACK PREPARED 'app-7'", "reports");
    await expectNothingLeft();
  });

  /** The statement that a message advises. */
  function advised({ last }: Outcome): string {
    const [, statement] = /in SQL on the coordinator: (.*?); then apply again/.exec(last) ?? [];
    expect(statement, last).toBeDefined();
    return statement ?? "";
  }

  /** A session that idles amid a transaction. */
  async function hold(name: string, database: string, sql: string) {
    const child = spawn("docker", [
      ...["exec", "-i", "-e", `PGAPPNAME=${HOLDER}`, citus.container(name)],
      ...["psql", "-h", "127.0.0.1", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAt"],
    ]);
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const there = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    child.stdin.write(`${sql}\n\\echo there\n`);
    await there;
    const release = async () => {
      child.stdin.end();
      await ended;
    };
    return { release, ended };
  }

  async function leave(name: string, staying: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const run = await citus.launch(await citus.cluster(staying), env, ["leave", "--node", `local/${name}`]);
    const shows = (text: string) =>
      new Promise<void>((resolve, reject) => {
        let output = "";
        run.child.stdout?.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes(text)) resolve();
        });
        void run.ended.then((outcome) => reject(new Error(`ended without "${text}":\n${outcome.output}`)));
      });
    return { ...run, shows };
  }

  /** Nothing moves, nothing of a move is on any node, and no node is marked as leaving. */
  async function expectNothingLeft(): Promise<void> {
    const moving =
      "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'citus_[m]ove_shard' AND state = 'active'";
    expect(await citus.sql("coordinator", moving)).toBe("0");
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pg_dist_cleanup")).toBe("0");
    const marked = "SELECT count(*) FROM pg_dist_node WHERE groupid > 0 AND NOT shouldhaveshards";
    expect(await citus.sql("coordinator", marked)).toBe("0");
    for (const name of ["w1", "w2", "w3"]) {
      const remains =
        "SELECT slot_name FROM pg_replication_slots UNION ALL SELECT subname FROM pg_subscription UNION ALL SELECT pubname FROM pg_publication";
      expect(await citus.sql(name, remains), name).toBe("");
    }
  }
});
