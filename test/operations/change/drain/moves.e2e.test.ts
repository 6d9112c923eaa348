import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Parts, findParts } from "../../../../testbed/parts";
import { CitusContainers, type Outcome, describeOnCitus } from "../../../fixtures/citus-containers";
import { CitusProject } from "../../../fixtures/citus-project";
import { HOLDER, holdSession } from "../../../fixtures/held-session";
import { writePickyTable } from "../../../fixtures/picky-table";

/** Moves that are held up, that can't succeed, or that are interrupted, on real Citus. Nothing here depends on how long it takes. */
describeOnCitus("moves on real Citus", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);
  let parts: Parts;

  beforeAll(async () => {
    parts = await findParts();
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
    await citus.sql(
      "coordinator",
      `CREATE FUNCTION public.never_w1(shard bigint, node int) RETURNS bool LANGUAGE sql STABLE AS
         $$ SELECT nodename <> '${citus.container("w1")}' FROM pg_dist_node WHERE nodeid = node $$;
       CREATE FUNCTION public.none_on_w2(node int) RETURNS real LANGUAGE sql STABLE AS
         $$ SELECT CASE WHEN nodename = '${citus.container("w2")}' THEN 0 ELSE 1 END FROM pg_dist_node WHERE nodeid = node $$;
       SELECT citus_add_rebalance_strategy('nowhere', 'citus_shard_cost_1', 'public.none_on_w2', 'public.never_w1', 0);
       SELECT citus_add_rebalance_strategy('not_w1', 'citus_shard_cost_1', 'citus_node_capacity_1', 'public.never_w1', 0)`,
    );
    await citus.sql("w3", "CREATE DATABASE reports");
    await citus.sql("w3", "CREATE TABLE sums (n int)", "reports");
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
    await parts.stop();
  });

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
        `shard \\d+ of public.orders:? waits for process \\d+ on local/w3 \\(postgres, ${HOLDER}, database reports, idle in transaction for`,
      ),
    );
    expect(outcome.last).toContain("interrupted by SIGINT");
    await expectNothingLeft();
  });

  test("what people make over a shard while others move keeps it from being moved", async () => {
    await project.declare(["w1", "w2", "w3"]);
    const holder = await hold("w3", "reports", "BEGIN; INSERT INTO sums VALUES (1);");
    const run = project.launch("drain", "test", "local/w3", "--yes");
    const moving = () => /shard (\d+) of public\.orders:? waits for process/.exec(run.output())?.[1];
    await expect.poll(moving, { timeout: 120_000 }).toBeDefined();
    const staying = await citus.sql(
      "w3",
      `SELECT shard_name(logicalrelid, shardid) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)
         JOIN pg_dist_local_group USING (groupid) WHERE shardid <> ${moving()}`,
    );
    const make =
      "SET citus.enable_ddl_propagation = off; CREATE MATERIALIZED VIEW made_meanwhile AS SELECT id FROM";
    await citus.sql("w3", `${make} ${staying}`);
    await holder.release();
    const outcome = await run.ended;
    expect(outcome.code, outcome.output).toBe(1);
    expect(outcome.last).toMatch(
      /local\/w3 is not empty yet: local\/w3: materialized view public\.made_meanwhile .*depends on shard \d+ of public\.orders: .*it resumes where it stopped/,
    );
    expect(Number(await citus.sql("w3", "SELECT count(*) FROM made_meanwhile"))).toBeGreaterThan(0);
    expect(await shardsOn("w3")).toBe("1");
    await citus.sql("w3", "DROP MATERIALIZED VIEW made_meanwhile");
    await expectNothingLeft();
  });

  test.each([
    ["as a terminal gives it to all", true],
    ["to Terraform alone, as CI sends it", false],
  ])("so does a Ctrl-C on Terraform: %s", async (_how, toAll) => {
    const holder = await hold("w3", "reports", "BEGIN; INSERT INTO sums VALUES (1);");
    const { cluster, env, operation } = await leaving("w3", ["w1", "w2"]);
    const command = (await citus.command(cluster, operation)).map((word) => `'${word}'`).join(" ");
    const run = await startTerraform(command, { TF_VAR_postgres_password: citus.password, ...env });
    await run.shows("waits for process");
    const marked = "SELECT count(*) FROM pgdist.node WHERE leaving IS NOT NULL";
    expect(await citus.sql("coordinator", marked)).toBe("1");
    process.kill(toAll ? -run.pid : run.pid, "SIGINT");
    await run.ended;
    const sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pg-dist leave%'";
    await expect.poll(() => citus.sql("coordinator", sessions), { timeout: 60_000 }).toBe("0");
    await holder.release();
    await expectNothingLeft();
    expect(await citus.sql("coordinator", marked)).toBe("0");
    await rm(run.folder, { recursive: true });
  });

  test("it is given up after the time that it may wait, and what its message says ends the wait", async () => {
    const holder = await hold("w3", "reports", "BEGIN; INSERT INTO sums VALUES (1);");
    const outcome = await (await leave("w3", ["w1", "w2"], { PGDIST_BLOCKED_TIMEOUT: "3" })).ended;
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.last).toMatch(
      /was given up after waiting \d+ s for process \d+ on local\/w3 .*INSERT INTO sums/,
    );
    await expectNothingLeft();
    await citus.sql("coordinator", advised(outcome));
    const holding = `SELECT count(*) FROM pg_stat_activity WHERE application_name = '${HOLDER}'`;
    await expect.poll(() => citus.sql("w3", holding), { timeout: 30_000 }).toBe("0");
    await holder.release();
  });

  test("a prepared transaction that it waits for is named", async () => {
    await citus.sql("w3", "BEGIN; INSERT INTO sums VALUES (1); PREPARE TRANSACTION 'app-7'", "reports");
    const outcome = await (await leave("w3", ["w1", "w2"], { PGDIST_BLOCKED_TIMEOUT: "3" })).ended;
    // Before anything is expected: every later move would wait for it.
    await citus.sql("w3", "ROLLBACK PREPARED 'app-7'", "reports");
    expect(outcome.last).toMatch(
      /after waiting \d+ s for the prepared transaction app-7 on local\/w3 \(database reports, /,
    );
    expect(outcome.last).toMatch(
      /end it in SQL on local\/w3 \(.*\), in database reports: ROLLBACK PREPARED 'app-7' \(or COMMIT PREPARED\); then apply again/,
    );
    await expectNothingLeft();
  });

  test("tables whose changes the target could not apply are refused, with advice that works", async () => {
    await citus.sql(
      "coordinator",
      `CREATE ROLE app; GRANT ALL ON SCHEMA public TO app;
       CREATE TABLE docs (id bigint NOT NULL, body json); ALTER TABLE docs REPLICA IDENTITY FULL;
       CREATE DOMAIN spot AS point NOT NULL;
       CREATE TABLE spots (id bigint NOT NULL, at spot);
       CREATE TABLE notes (id bigint NOT NULL, body jsonb);
       CREATE TABLE doubled (id bigint, twice bigint GENERATED ALWAYS AS (id * 2) STORED, note text, PRIMARY KEY (id, twice));
       CREATE TABLE secret (id bigint PRIMARY KEY, note text); ALTER TABLE secret OWNER TO app;
       ALTER TABLE secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
    );
    await citus.sql(
      "coordinator",
      `SELECT create_distributed_table(name, 'id', shard_count => 3, colocate_with => 'none')
         FROM unnest('{docs, spots, notes, doubled, secret}'::regclass[]) name`,
    );
    const { code, output } = await (await leave("w3", ["w1", "w2"])).ended;
    expect(code).toBe(4);
    const lines = output.split("\n");
    const lineOf = (table: string) => lines.find((line) => line.includes(table)) ?? "";
    expect(lineOf("public.docs (body json)")).toContain("REPLICA IDENTITY USING INDEX");
    expect(lineOf("public.spots (at public.spot)")).toContain("REPLICA IDENTITY USING INDEX");
    expect(lineOf("public.spots")).not.toContain("or ALTER TABLE ... REPLICA IDENTITY FULL");
    expect(lineOf("online: public.notes:")).toContain("or ALTER TABLE ... REPLICA IDENTITY FULL");
    expect(lineOf("public.doubled (twice)")).toContain("not generated");
    expect(lineOf("public.secret (app)")).toContain("BYPASSRLS");
    for (const statement of [
      "ALTER TABLE docs ADD PRIMARY KEY (id)",
      "ALTER TABLE docs REPLICA IDENTITY DEFAULT",
      "CREATE UNIQUE INDEX spots_id ON spots (id)",
      "ALTER TABLE spots REPLICA IDENTITY USING INDEX spots_id",
      "ALTER TABLE notes REPLICA IDENTITY FULL",
      "CREATE UNIQUE INDEX doubled_id ON doubled (id)",
      "ALTER TABLE doubled REPLICA IDENTITY USING INDEX doubled_id",
      "ALTER TABLE secret NO FORCE ROW LEVEL SECURITY",
    ])
      await citus.sql("coordinator", statement);
    expect(await problemsLeft()).not.toContain("can't be moved online");
    // Its owner can't connect to other nodes, which is another matter.
    await citus.sql("coordinator", "DROP TABLE secret");
  });

  test("a move whose changes the target can't apply is given up, and the target is named", async () => {
    const { stopWriting } = await writePickyTable(citus);
    const outcome = await (await leave("w3", ["w1", "w2"])).ended;
    await stopWriting();
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.last).toMatch(
      /moving shard \d+ of public\.picky was given up: local\/w[12] can't apply the writes made meanwhile .*npx pg-dist logs test local\/w[12] --grep ERROR/,
    );
    await expectNothingLeft();
    await citus.sql("coordinator", "DROP TABLE picky");
  });

  test("a timeout that would cut a move off is named, and what the message says makes it pass", async () => {
    const set = "ALTER SYSTEM SET idle_in_transaction_session_timeout = '5s'";
    await citus.sql("w2", set);
    await citus.sql("w2", "SELECT pg_reload_conf()");
    const outcome = await (await leave("w3", ["w1", "w2"])).ended;
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(
      /local\/w2: idle_in_transaction_session_timeout is 5s \(set in .*postgresql\.auto\.conf\).*a move may be cut off/,
    );
    const [statement] = /ALTER ROLE postgres IN DATABASE postgres SET \S+ = 0/.exec(outcome.last) ?? [];
    await citus.sql("coordinator", statement ?? "");
    expect(await problemsLeft()).not.toContain("idle_in_transaction_session_timeout");
  });

  test("a worker is emptied to where the cluster's own strategy lets its shards be, and nowhere else", async () => {
    await strategy("nowhere");
    const before = await shardsOn("w1");
    const refused = await (await leave("w3", ["w1", "w2"])).ended;
    expect(refused).toMatchObject({ code: 4 });
    expect(refused.last).toMatch(
      /strategy nowhere forbids \d+ shard groups of it on every remaining node \(public\.never_w1, public\.none_on_w2; /,
    );
    await strategy("not_w1");
    // Tables go on being dropped: before it is marked, which locks the list of nodes, and amid the moves.
    const holder = await hold("w3", "reports", "BEGIN; INSERT INTO sums VALUES (1);");
    const dropping = await hold("coordinator", "postgres", "BEGIN; DROP TABLE doubled;");
    const run = await leave("w3", ["w1", "w2"]);
    await run.shows(/waits for process \d+ on the coordinator \(postgres, accounting, .*DROP TABLE doubled/);
    await dropping.release("COMMIT;");
    await run.shows(/waits for process \d+ on local\/w3 .*INSERT INTO sums/);
    const dropped = citus.sql("coordinator", "DROP TABLE spots");
    await holder.release();
    await dropped;
    const outcome = await run.ended;
    expect(outcome, outcome.output).toMatchObject({ code: 0 });
    expect(await shardsOn("w1")).toBe(before);
  });

  test("what people made on a worker over its shards holds up a drain until they have done what it says", async () => {
    await strategy("by_disk_size");
    await project.declare(["w1", "w2"]);
    await citus.sql(
      "coordinator",
      `CREATE TABLE events (id bigint, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
       SELECT create_distributed_table('events', 'id', shard_count => 2, colocate_with => 'none')`,
    );
    const [shard = "", second = ""] = (
      await citus.sql(
        "w2",
        `SELECT shard_name(logicalrelid, shardid) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)
           JOIN pg_dist_local_group USING (groupid) WHERE logicalrelid = 'orders'::regclass ORDER BY shardid LIMIT 2`,
      )
    ).split("\n");
    await citus.sql(
      "w2",
      `SET citus.enable_ddl_propagation = off; SET citus.enable_manual_changes_to_shards = on;
       CREATE VIEW "Seen" AS SELECT * FROM ${shard} UNION ALL SELECT * FROM ${second};
       CREATE MATERIALIZED VIEW summary AS SELECT id FROM "Seen" LIMIT 35;
       CREATE TABLE mine (id bigint REFERENCES ${shard}, whole ${shard});
       INSERT INTO mine SELECT id, o FROM ${shard} o LIMIT 20;
       CREATE VIEW over_mine AS SELECT whole FROM mine;
       CREATE TABLE kid () INHERITS (${shard}); INSERT INTO kid VALUES (-1, 'own');
       CREATE FUNCTION note_of(${shard}) RETURNS text LANGUAGE sql AS 'SELECT $1.note';
       CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM ${shard}; END;
       CREATE SEQUENCE numbers OWNED BY ${shard}.id;
       CREATE RULE ignored AS ON INSERT TO ${shard} WHERE new.id < -1 DO INSTEAD NOTHING;
       CREATE PUBLICATION one_shard FOR TABLE ${shard};
       CREATE TABLE books (id text PRIMARY KEY); ALTER TABLE ${second} ADD CONSTRAINT known FOREIGN KEY (note) REFERENCES books NOT VALID;
       CREATE INDEX "By note" ON ${shard} (note);
       CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
       CREATE TRIGGER keeps BEFORE UPDATE ON ${shard} FOR EACH ROW EXECUTE FUNCTION kept();
       CREATE POLICY all_of_it ON ${shard} USING (true);
       CREATE STATISTICS pairs ON id, note FROM ${shard};
       ALTER TABLE ${shard} ADD CONSTRAINT low CHECK (id > -10), ADD COLUMN remark text, ALTER note SET DEFAULT 'none'`,
    );
    const partitioned = await citus.sql(
      "w2",
      `SELECT min(shard_name(logicalrelid, shardid)) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid)
         JOIN pg_dist_local_group USING (groupid) WHERE logicalrelid = 'events'::regclass`,
    );
    await citus.sql(
      "w2",
      `SET citus.enable_ddl_propagation = off; SET citus.enable_manual_changes_to_shards = on;
       CREATE TABLE old_events PARTITION OF ${partitioned} FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')`,
    );
    const before = await shardsOn("w2");
    const refused = await drain();
    expect(refused.code, refused.output).toBe(4);
    const lines = refused.output.split("\n").filter((line) => /^ *local\/w2: /.test(line));
    for (const what of [
      'view public."Seen" depends on',
      /materialized view public\.summary \(8 kB\) depends on shard \d+ of public\.orders and on 1 more/,
      "table constraint mine_id_fkey on public.mine",
      "table column public.mine.whole",
      "view public.over_mine",
      /table public\.kid \(8 kB\)/,
      /table public\.old_events \(\d+ \w+\) depends on shard \d+ of public\.events: /,
      /function public\.note_of\(public\.orders_\d+\)/,
      "function public.counted()",
      "sequence public.numbers",
      /rule ignored on public\.orders_/,
      /publication relation public\.orders_\d+ in publication one_shard/,
      /table constraint known on public\.orders_/,
      /index public\."By note" was created on shard \d+ of public\.orders itself/,
      "trigger keeps",
      "policy all_of_it",
      "statistics object public.pairs",
      "table constraint low",
      "table column remark",
      "default value note",
    ]) {
      const found = lines.filter((line) =>
        typeof what === "string" ? line.includes(what) : what.test(line),
      );
      expect(found, `${String(what)}\n${refused.output}`).toHaveLength(1);
    }
    expect(lines, refused.output).toHaveLength(20);
    expect(await shardsOn("w2")).toBe(before);

    for (const line of lines) {
      const [, statement = line] = /\b((?:DROP|ALTER) .*?) there\b/.exec(line) ?? [];
      await citus.sql("w2", statement);
    }
    const drained = await drain();
    expect(drained.code, drained.output).toBe(0);
    expect(await shardsOn("w2")).toBe("0");
    expect(await citus.sql("coordinator", "SELECT count(*) FROM orders")).toBe("3000");
    for (const [table, rows] of [
      ["mine", "20"],
      ["kid", "1"],
      ["old_events", "0"],
    ] as const)
      expect(await citus.sql("w2", `SELECT count(*) FROM ${table}`)).toBe(rows);
  });

  const drain = () => project.run("drain", "test", "local/w2", "--yes", "--mode", "block_writes");

  const strategy = (name: string) =>
    citus.sql("coordinator", `SELECT citus_set_default_rebalance_strategy('${name}')`);

  /** What still stands against the removal, where shards may go nowhere, so that it doesn't begin. */
  async function problemsLeft(): Promise<string> {
    await strategy("nowhere");
    const { code, output } = await (await leave("w3", ["w1", "w2"])).ended;
    await strategy("by_disk_size");
    expect(code).toBe(4);
    expect(output).toContain("strategy nowhere forbids");
    return output;
  }

  const shardsOn = (name: string) =>
    citus.sql(
      "coordinator",
      `SELECT count(*) FROM citus_shards
        WHERE nodename = '${citus.container(name)}' AND table_name::text NOT IN ('doubled', 'spots')`,
    );

  /** The statement that a message advises. */
  function advised({ last }: Outcome): string {
    const [, statement] = /in SQL on the coordinator: (.*?); then apply again/.exec(last) ?? [];
    expect(statement, last).toBeDefined();
    return statement ?? "";
  }

  const hold = (name: string, database: string, sql: string) =>
    holdSession(citus.container(name), database, sql);

  /** The database of its own that blocks the moves may be lost here: both keys are turned. */
  async function leaving(name: string, staying: readonly string[]) {
    const id = `local/${name}`;
    const cluster = { ...(await citus.cluster(staying)), discard: [id] };
    return { cluster, env: { PGDIST_DISCARD: id }, operation: ["leave", "--node", id] };
  }

  async function leave(name: string, staying: readonly string[], more: NodeJS.ProcessEnv = {}) {
    const { cluster, env, operation } = await leaving(name, staying);
    const run = await citus.launch(cluster, { ...env, ...more }, operation);
    return { ...run, shows: showing(run.child) };
  }

  /** Waits until its output, from the start, has a text. */
  function showing(child: ChildProcess) {
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    return (text: string | RegExp) =>
      new Promise<void>((resolve, reject) => {
        child.stdout?.on("data", () => {
          if (typeof text === "string" ? output.includes(text) : text.test(output)) resolve();
        });
        child.once("close", () => reject(new Error(`ended without ${String(text)}:\n${output}`)));
      });
  }

  /** An apply that runs a command as those of our stacks do, in a process group of its own as a terminal makes one. */
  async function startTerraform(command: string, env: NodeJS.ProcessEnv) {
    const folder = await mkdtemp(join(tmpdir(), "pg-dist-interrupted-"));
    const steps = { terraform_data: { step: { provisioner: [{ "local-exec": { command } }] } } };
    await writeFile(join(folder, "main.tf.json"), JSON.stringify({ resource: steps }));
    const options = { cwd: folder, env: { PATH: process.env["PATH"], HOME: folder, ...parts.env, ...env } };
    await promisify(execFile)(parts.terraform.path, ["init"], options);
    const args = ["apply", "-auto-approve", "-no-color"];
    const child = spawn(parts.terraform.path, args, { ...options, detached: true });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    return { folder, pid: child.pid ?? 0, ended, shows: showing(child) };
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
