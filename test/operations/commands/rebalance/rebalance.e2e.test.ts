import { spawn } from "node:child_process";
import { callerOf } from "../../../../operations/base/caller/caller";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, startForRebalance } from "../../../fixtures/citus-containers";
import { CitusProject } from "../../../fixtures/citus-project";
import { expectShape } from "../../../fixtures/json-shape";
import { askCoordinator } from "../../../../operations/change/recover/ask-coordinator";

/** Online each move takes 1.4 s: so many that the rebalance isn't over before the tests stop it. */
const SHARDS = 64;

/** Citus leaves a tenth of the average uneven. */
const MOVES = 29;

/** `pg-dist rebalance ENV plan | start | watch | stop`, on real Citus. Steps in their order. */
describeOnCitus("pg-dist rebalance", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await startForRebalance(citus, ["w1", "w2"]);
    await project.declare(["w1", "w2"]);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint, note text);
       CREATE TABLE lines (id bigint PRIMARY KEY);
       SELECT create_distributed_table('orders', 'id', shard_count => ${SHARDS});
       SELECT create_distributed_table('lines', 'id', colocate_with => 'orders');
       INSERT INTO orders SELECT i, repeat('x', 500) FROM generate_series(1, 10000) i`,
    );
    expect(await citus.register(await citus.cluster(["w1", "w2"]))).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  test("plan shows each move and a time, and changes nothing", async () => {
    const plan = await project.run("rebalance", "test", "plan");
    expect(plan.code, plan.output).toBe(0);
    expect(plan.stdout).toMatch(/^shard +tables +bytes +from +to$/m);
    expect(plan.stdout.match(/^\d+ +public\.\w+ \+1 +\d.* +local\/w1 +local\/w2$/gm)).toHaveLength(MOVES);
    expect(plan.stdout).toMatch(/^29 moves, 58 shards with \d.*; at least 41 s \(1\.4 s per move/m);
    expect(plan.stdout).toMatch(
      /without a primary key or replica identity .*: public\.orders: add a primary key/,
    );
    const json = await project.run("rebalance", "test", "plan", "--json");
    expect(expectShape("rebalance-plan", json.stdout)).toMatchObject({
      ...{ version: 1, command: "rebalance plan", shards: 2 * MOVES },
      immovable: [expect.stringContaining("public.orders")],
    });
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pg_dist_background_job")).toBe("0");
  });

  test("on another server than the recorded coordinator all that changes anything is refused; status is not, and says so", async () => {
    const record = (server: string) =>
      citus.sql("coordinator", `UPDATE pgdist.node SET server_id = ${server} WHERE id = 'local/coordinator'`);
    await record("'-' || server_id");
    const outcomes = [];
    for (const [command, ...more] of [
      ...["plan", "start --yes", "stop"].map((action) => ["rebalance", ...action.split(" ")]),
      ...["drain", "remove", "add"].map((name) => [name, "w1", ...(name === "add" ? [] : ["--yes"])]),
      ["credentials"],
      ["forget", "local/w1", "--confirm", "local/w1"],
    ])
      outcomes.push(await project.run(command ?? "", "test", ...more));
    const status = await project.run("status", "test", "--json");
    const cluster = await citus.cluster(["w1", "w2"]);
    const caller = callerOf({ ...process.env, TF_VAR_postgres_password: citus.password });
    const asked = await askCoordinator(cluster, () => undefined, caller);
    await record("substr(server_id, 2)");
    for (const { code, last } of outcomes) {
      expect(code, last).toBe(4);
      expect(last).toMatch(/is not the coordinator that was registered .*choose a way with --via/);
    }
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pg_dist_background_job")).toBe("0");
    expect(status.code, status.output).toBe(3);
    expect(status.output).toMatch(
      /^warning: the server reached by .* is not the coordinator that was registered/m,
    );
    const { problems } = expectShape<{ problems: { check: string }[] }>("status", status.stdout);
    expect(problems).toContainEqual(expect.objectContaining({ check: "identity" }));
    // What recover removes, it removes by the coordinator's list of nodes.
    expect(asked).toEqual({
      answer: {
        kind: "silent",
        cause: expect.stringMatching(/is not the coordinator that was registered/) as string,
      },
    });
  });

  test("a program older than the tables in schema pgdist changes nothing, and reads with a warning", async () => {
    await citus.sql("coordinator", "INSERT INTO pgdist.migration VALUES (99, 'of tomorrow')");
    const start = await project.run("rebalance", "test", "start", "--yes");
    const status = await project.run("status", "test", "--json");
    const caller = callerOf({ ...process.env, TF_VAR_postgres_password: citus.password });
    const recover = askCoordinator(await citus.cluster(["w1", "w2"]), () => undefined, caller);
    const newer = /tables in schema pgdist of version 99, and this program knows them up to version 2/;
    await expect(recover).rejects.toThrow(newer);
    await citus.sql("coordinator", "DELETE FROM pgdist.migration WHERE number = 99");
    expect(start.code, start.output).toBe(4);
    expect(start.last).toMatch(newer);
    expect(start.last).toContain("update pg-dist here");
    expect(status.output).toMatch(/^warning: .* tables in schema pgdist of version 99/m);
    expect(status.stdout).toMatch(/"command": "status"/);
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pg_dist_background_job")).toBe("0");
  });

  test("start is refused without a yes, and where a table can't move; an option that would be ignored is a mistake", async () => {
    const plan = await project.run("rebalance", "test", "plan", "--json");
    const { moves } = JSON.parse(plan.stdout) as { moves: { shardId: string }[] };
    const moving = `SELECT shard_name(logicalrelid, shardid) FROM pg_dist_shard WHERE shardid = ${moves[0]?.shardId}`;
    const staying = `SELECT shard_name(logicalrelid, shardid) FROM pg_dist_shard
      WHERE logicalrelid = 'orders'::regclass AND shardminvalue NOT IN (SELECT shardminvalue FROM pg_dist_shard
        WHERE shardid IN (${moves.map(({ shardId }) => shardId).join(", ")})) LIMIT 1`;
    for (const [view, shard] of [
      ["in_the_way", await citus.sql("coordinator", moving)],
      ["not_concerned", await citus.sql("coordinator", staying)],
    ] as const)
      await citus.sql(
        "w1",
        `SET citus.enable_ddl_propagation = off; CREATE MATERIALIZED VIEW ${view} AS SELECT id FROM ${shard} LIMIT 35`,
      );
    const immovable = await project.run("rebalance", "test", "start", "--yes");
    expect(immovable.code, immovable.output).toBe(4);
    expect(immovable.last).toMatch(
      /public\.orders \(and 1 more, above\): .*--mode block_writes; nothing was started/,
    );
    const dependent =
      /local\/w1: materialized view public\.in_the_way \(8 kB\) depends on shard \d+ of public\.\w+: /;
    expect(immovable.output).toMatch(dependent);
    expect(immovable.output).not.toContain("not_concerned");
    await citus.sql("coordinator", "ALTER TABLE orders REPLICA IDENTITY FULL");
    const planned = await project.run("rebalance", "test", "plan");
    expect(planned.output).toMatch(dependent);
    const depending = await project.run("rebalance", "test", "start", "--yes");
    expect(depending.code, depending.output).toBe(4);
    expect(depending.last).toMatch(/public\.in_the_way .*; nothing was started/);
    const [, drop = ""] = /(DROP MATERIALIZED VIEW \S+) there/.exec(depending.last) ?? [];
    await citus.sql("w1", drop);
    const unasked = await project.run("rebalance", "test", "start");
    expect(unasked.code, unasked.output).toBe(4);
    expect(unasked.last).toMatch(
      /Rebalance test: 29 moves, 58 shards with .*This needs a confirmation, and there is no terminal to ask on: .*--yes/,
    );
    expect(await project.run("rebalance", "test", "watch", "--yes")).toMatchObject({ code: 2 });
    expect(await project.run("rebalance", "test", "dance")).toMatchObject({ code: 2 });
    expectShape("rebalance-watch", (await project.run("rebalance", "test", "watch", "--json")).stdout);
    const nothing = await project.run("rebalance", "test", "watch");
    expect(nothing.stdout.trim()).toBe("No rebalance is running.");
  });

  test("on a terminal start asks, draws bars, and is left by Ctrl-C; stop ends it", async () => {
    const screen = await onTerminal(
      ["rebalance", "test", "start"],
      [
        { when: /Type yes to continue:/, type: "yes\r" },
        { when: /public\.\w+ \+1 \(\d+\).*[░█].* of /, type: "\x03" },
      ],
    );
    expect(screen).toMatch(/rebalance 1 .*\d+\/58 shards/);
    expect(screen).toMatch(/Rebalance 1 goes on\. To watch it again: npx pg-dist rebalance test watch/);
    const twice = await project.run("rebalance", "test", "start", "--yes");
    expect(twice.code, twice.output).toBe(4);
    expect(twice.last).toContain("rebalance 1 is running already");
    // What the moves need is no leftover.
    for (const args of [["status"], ["doctor", "--quiet"]]) {
      const { stdout } = await project.run(...(args as [string]), "test");
      expect(stdout).not.toMatch(/citus_shard|left over|left it|pg_drop_replication_slot/);
    }
    expect(await citus.sql("coordinator", "SELECT state FROM pg_dist_background_job")).toBe("running");
    const stopped = await project.run("rebalance", "test", "stop");
    expect(stopped.code, stopped.output).toBe(0);
    expect(stopped.stdout).toMatch(
      /Rebalance 1 is cancelled: \d+ shards? with .* moved and stay there, \d+ did not move/,
    );
  });

  test("a move that fails is shown at once; watch --json tells its end", async () => {
    const setting = "citus.desired_percent_disk_available_after_move";
    await citus.sql("coordinator", `ALTER SYSTEM SET ${setting} = 99`);
    await citus.sql("coordinator", "SELECT pg_reload_conf()");
    const failed = await project.run("rebalance", "test", "start", "--yes");
    expect(failed.code, failed.output).toBe(1);
    expect(failed.last).toMatch(
      /moving shard \d+ fails: not enough empty space on node .*: make room .*; Citus tries it again .*npx pg-dist rebalance test stop/,
    );
    const json = await project.run("rebalance", "test", "watch", "--json");
    expect(json.code, json.output).toBe(1);
    expect(expectShape("rebalance-watch", json.stdout)).toMatchObject({
      job: { failing: { message: expect.stringContaining("not enough") as string } },
    });
    await project.run("rebalance", "test", "stop");
    // Not before: Citus tries again by itself, and would be done by now.
    await citus.sql("coordinator", `ALTER SYSTEM RESET ${setting}`);
    await citus.sql("coordinator", "SELECT pg_reload_conf()");

    const done = await project.run("rebalance", "test", "start", "--yes", "--mode", "block_writes");
    // Not what Citus' own maintenance gets to some seconds later.
    expect(await citus.sql("coordinator", "SELECT count(*) FROM pg_dist_cleanup")).toBe("0");
    expect(done.code, done.output).toBe(0);
    expect(done.output).toMatch(/dropping \d+ old cop(y|ies) of moved shards/);
    expect(done.output).toMatch(/rebalance 3: \d+ of \d+ shards moved, .*tasks: /);
    expect(done.last).toMatch(/Rebalance 3 is finished: \d+ shards with .* moved/);
    const plan = await project.run("rebalance", "test", "plan");
    expect(plan.stdout).toContain("Nothing to move");
  });

  /** Runs it on a pseudo-terminal of util-linux' `script`, and types where the screen shows something. */
  async function onTerminal(
    args: readonly string[],
    answers: readonly { readonly when: RegExp; readonly type: string }[],
  ): Promise<string> {
    const { command, env, cwd } = project.command(...args);
    const line = command.map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qefc", `stty cols 120 rows 30; ${line}`, "/dev/null"], {
      cwd,
      env: { ...env, TERM: "xterm", SHELL: "/bin/sh" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let screen = "";
    const left = [...answers];
    child.stdout.on("data", (chunk: Buffer) => {
      screen += chunk.toString();
      const [next] = left;
      if (next?.when.test(stripVTControlCharacters(screen)) === true) {
        left.shift();
        child.stdin.write(next.type);
      }
    });
    await new Promise((resolve) => child.once("close", resolve));
    const text = stripVTControlCharacters(screen);
    expect(left, text).toEqual([]);
    return text;
  }
});
