import { spawn } from "node:child_process";
import { callerOf } from "../../../operations/base/caller/caller";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCK_KEY } from "../../../operations/cluster/nodes/lock";
import { Session } from "../../../operations/cluster/connection/session";
import { readActivity } from "../../../operations/observe/activity";
import { directTransport } from "../../../operations/cluster/connection/transports/direct";
import { describeOnCitus, docker } from "../../fixtures/citus-containers";
import { CommandsCluster, TIMEOUT } from "../../fixtures/commands-cluster";
import { READ_COMMANDS } from "../../fixtures/read-commands";
import { SOME_SERVER } from "../../fixtures/some-cluster";

const PG_DIST = join(__dirname, "../../../bin/pg-dist.mjs");

/** People's read commands on real Citus: a healthy cluster, then one that is broken in many ways. In their order. */
describeOnCitus("pg-dist sees a cluster", () => {
  const cluster = new CommandsCluster();
  const { citus } = cluster;
  const pgDist = cluster.pgDist.bind(cluster);
  const json = cluster.json.bind(cluster);

  beforeAll(() => cluster.create());
  afterAll(() => cluster.destroy());

  test("a healthy cluster: every command answers with 0, as its schema says", async () => {
    for (const pair of [READ_COMMANDS.slice(0, 3), READ_COMMANDS.slice(3, 6), READ_COMMANDS.slice(6)]) {
      const answers = await Promise.all(pair.map((command) => json(command, "whole")));
      expect(answers.map(({ code, text }) => (code === 0 ? 0 : text))).toEqual(pair.map(() => 0));
    }
    // Grows old until it is looked for.
    await citus.sql("w1", "BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'forgotten'");
  });

  test("health: a slow link is no broken one, and links that lead nowhere hide no other", async () => {
    // Longer than the first attempt may take, and shorter than the second.
    await citus.sql("w3", "ALTER SYSTEM SET pre_auth_delay = 2");
    await citus.sql("w3", "SELECT pg_reload_conf()");
    const late = await json("health", "whole");
    await citus.sql("w3", "ALTER SYSTEM RESET pre_auth_delay");
    await citus.sql("w3", "SELECT pg_reload_conf()");
    expect(late.code, late.text).toBe(0);
    expect(late.answer).toMatchObject({
      broken: [],
      slow: expect.arrayContaining(
        ["local/w1", "local/w2"].map((from) => {
          const what = expect.stringMatching(/on the second attempt only, after [2-4]\.\d s$/) as string;
          return expect.objectContaining({ node: "local/w3", from, what }) as object;
        }),
      ) as object,
    });
    expect(late.text).not.toContain("firewall");

    // Nobody has these addresses of the network. Citus waits for one after the other.
    const names = ["coordinator", "w1", "w2", "w3"];
    const subnet = await docker(
      "network",
      "inspect",
      "-f",
      "{{(index .IPAM.Config 0).Subnet}}",
      citus.prefix,
    );
    const addresses = names.map((_name, index) => subnet.replace(/\d+\/\d+$/, String(240 + index)));
    const entries = names.map((name, index) => `${addresses[index]} ${citus.container(name)}`);
    const edit = (script: string) => docker("exec", "-u", "root", citus.container("w1"), "sh", "-c", script);
    await edit(`cp /etc/hosts /tmp/hosts; echo '${entries.join("\n")}' >> /etc/hosts`);
    const { answer, code } = await json("health", "whole");
    await edit("cat /tmp/hosts > /etc/hosts");
    expect(code).toBe(3);
    const { pairs, broken } = answer as {
      pairs: { from: string; healthy: boolean | null }[];
      broken: { from: string[]; what: string }[];
    };
    for (const { from, healthy } of pairs) expect(healthy, from).toBe(from !== "local/w1");
    expect(broken).toHaveLength(4);
    for (const { from, what } of broken) {
      expect(from).toEqual(["local/w1"]);
      expect(what).toMatch(/does not answer local\/w1 within|no route|can't connect/);
    }
  });

  test("by address, with the password from .pgpass, and by docker exec", async () => {
    writeFileSync(
      join(cluster.folder, ".pgpass"),
      `127.0.0.1:${cluster.port}:*:postgres:${citus.password}\n`,
      {
        mode: 0o600,
      },
    );
    const env = { PATH: process.env["PATH"], HOME: cluster.folder };
    const [address, exec] = await Promise.all([
      pgDist(["tables", "--url", `postgres://postgres@127.0.0.1:${cluster.port}/postgres`], env),
      pgDist(["shards", "whole", "--via", "exec", "--table", "orders"]),
    ]);
    expect(address).toMatchObject({ code: 0, stdout: expect.stringContaining("public.orders") as string });
    expect(exec.stdout).toMatch(/local\/w1\s+3\s/);
    expect(exec.code).toBe(0);
  });

  test("--watch draws in place, and Ctrl-C leaves the terminal as it was", async () => {
    const child = spawn(
      "script",
      ["-qec", `exec ${process.execPath} ${PG_DIST} status whole --watch 1`, "/dev/null"],
      {
        cwd: cluster.folder,
        env: { ...cluster.password(), TERM: "xterm", SHELL: "/bin/sh" },
      },
    );
    let output = "";
    const drawn = new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output.split("Ctrl-C to quit").length > 2) resolve();
      });
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    await Promise.race([drawn, ended]);
    child.stdin.write("\x03");
    expect(await ended).toBe(0);
    expect(output).toContain("\x1b[?1049h\x1b[?25l");
    expect(output.slice(output.lastIndexOf("\x1b[?25h\x1b[?1049l"))).toContain("local/w3");
  });

  test("--watch shows what a coordinator answers that is slow, or ends, or starts again, and goes on", async () => {
    const watching = spawn(process.execPath, [PG_DIST, "status", "whole", "--watch", "1", "--timeout", "4"], {
      cwd: cluster.folder,
      env: cluster.password(),
    });
    let output = "";
    watching.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => watching.once("close", resolve));
    /** What the work brings onto the screen. */
    const shows = async (text: RegExp, work: () => Promise<unknown> = async () => undefined) => {
      const before = output.length;
      await work();
      await expect.poll(() => output.slice(before), { timeout: 60_000 }).toMatch(text);
    };
    const lock = cluster.holding("LOCK TABLE pgdist.node");
    try {
      await lock.pid();
      await shows(/the coordinator did not answer within 4 s\n→ .*--timeout/);
      await shows(/terminating connection due to administrator command \(SQLSTATE 57P01\)/, () =>
        expect.poll(() => citus.sql("coordinator", TERMINATE_WAITING), { timeout: 30_000 }).toBe("t"),
      );
      // The end of one process by a signal makes PostgreSQL end all sessions, and start again.
      const kill = `kill -9 ${await lock.pid()}`;
      await shows(/local\/w3/, () => docker("exec", citus.container("coordinator"), "sh", "-c", kill));
    } finally {
      watching.kill("SIGINT");
      await lock.release();
    }
    expect(await ended).toBe(0);
  });

  test("a user who is no superuser is told so", async () => {
    await citus.sql("coordinator", `CREATE ROLE plain LOGIN PASSWORD '${citus.password}'`);
    const url = `postgres://plain@127.0.0.1:${cluster.port}/postgres`;
    const { code, stderr } = await pgDist(["status", "--url", url], {
      ...cluster.password(),
      PGPASSWORD: citus.password,
    });
    expect(stderr).toMatch(/^pg-dist: user plain may not see what status shows: .*: connect as a superuser/m);
    expect(code).toBe(1);
  });

  test("who waits for whom, over the nodes", async () => {
    const holder = cluster.holding("UPDATE orders SET note = 'a' WHERE id = 1");
    try {
      await holder.pid();
      const waiter = citus.sql("coordinator", "UPDATE orders SET note = 'b' WHERE id = 1");
      const waits = async () =>
        (await Promise.all(["w1", "w2", "w3"].map((name) => citus.sql(name, WAITS)))).join("");
      await expect.poll(waits, { timeout: 30_000 }).toContain("t");
      const { stdout } = await pgDist(["locks", "whole"]);
      expect(stdout).toMatch(/UPDATE orders SET note = 'b' WHERE id = 1 .*SELECT pg_sleep\(600\)/);
      await holder.release();
      await waiter;
    } finally {
      await holder.release();
    }
  });

  test("how long a lock is waited for, whatever the statement did before", async () => {
    const holder = cluster.holding("SELECT pg_advisory_lock(42)");
    try {
      await holder.pid();
      const waiter = citus.sql("coordinator", "SELECT pg_sleep(5), pg_advisory_lock(42)");
      await expect.poll(() => citus.sql("coordinator", WAITS), { timeout: 30_000 }).toBe("t");
      const { answer } = await json("locks", "whole");
      const { locks } = answer as { locks: { age: number; waited: number; waiting: { query: string } }[] };
      expect(locks).toMatchObject([
        { wait: "advisory", waiting: { query: expect.stringContaining("42") as string } },
      ]);
      const [lock] = locks;
      // Each of them is rounded to a second.
      expect((lock?.age ?? 0) - (lock?.waited ?? 0)).toBeGreaterThanOrEqual(4);
      await holder.release();
      await waiter;
    } finally {
      await holder.release();
    }
  });

  test("a command hides its own sessions, whose name PostgreSQL has cut, and those of no other", async () => {
    const other = `pg-dist register ada@laptop pid ${process.pid}4`;
    const holder = cluster.holding(`SET LOCAL application_name = '${other}'`);
    const coordinator = { host: "127.0.0.1", port: Number(cluster.port) };
    const session = await Session.start(directTransport(coordinator), {
      ...{ user: "postgres", database: "postgres", password: citus.password },
      applicationName: `pg-dist activity ada@${"long-name.".repeat(6)} pid ${process.pid}`,
    });
    const onlooker = await session.open();
    try {
      await holder.pid();
      const { activity } = await readActivity({
        ...{
          label: "by address",
          user: "postgres",
          database: "postgres",
          coordinator,
          transports: [],
          caller: callerOf({}),
        },
        ...{ timeoutMs: TIMEOUT * 1000, session, server: SOME_SERVER, doubts: [] },
      });
      const ours = activity
        .map(({ application }) => application)
        .filter((name) => name.startsWith("pg-dist"));
      expect(ours).toEqual([other]);
    } finally {
      await Promise.all([onlooker.end(), session.end(), holder.release()]);
    }
  });

  test("a mark of leaving is a fault only while no drain or removal of ours works on it", async () => {
    const judged = async () => {
      const { code, answer } = await json("status", "whole");
      const { problems } = answer as { problems: { check: string; severity: string }[] };
      return [code, ...problems.flatMap(({ check, severity }) => (check === "leaving" ? severity : []))];
    };
    // Left over from the first test: each of these answers is about the mark alone.
    await citus.sql("w1", "ROLLBACK PREPARED 'forgotten'");
    await citus.sql("coordinator", "UPDATE pgdist.node SET leaving = now() WHERE id = 'local/w3'");
    const name = "SET LOCAL application_name = 'pg-dist drain local/w3 ada@laptop pid 1'";
    /** One that asks its person, or waits for another's turn, has no lock. */
    const waiting = cluster.holding(name);
    try {
      await waiting.pid();
      expect(await judged()).toEqual([3, "warning"]);
    } finally {
      await waiting.release();
    }
    const draining = cluster.holding(`${name}; SELECT pg_advisory_lock(${LOCK_KEY})`);
    try {
      await draining.pid();
      expect(await judged()).toEqual([0, "advice"]);
    } finally {
      await draining.release();
    }
    await citus.sql("coordinator", "UPDATE pgdist.node SET leaving = NULL WHERE id = 'local/w3'");
    await citus.sql("w1", "BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'citus_forgotten'");
  });

  test("a cluster that is broken in many ways: status names each, and ends with 3", async () => {
    const placed = await citus.sql(
      "coordinator",
      `SELECT shardid FROM citus_shards WHERE table_name = 'orders'::regclass AND nodename = '${citus.container("w1")}' LIMIT 1`,
    );
    await Promise.all([
      citus.sql("w1", "SELECT pg_create_physical_replication_slot('standby', true)"),
      citus.sql("w1", `SET citus.enable_manual_changes_to_shards = on; DROP TABLE orders_${placed}`),
      citus.sql("w3", "UPDATE pg_extension SET extversion = '12.1-1' WHERE extname = 'citus'"),
      docker("exec", citus.container("w2"), "sh", "-c", 'touch "$PGDATA/standby.signal"'),
    ]);
    await docker("restart", citus.container("w2"));
    for (const statement of [
      `INSERT INTO pg_dist_cleanup (record_id, operation_id, object_type, object_name, node_group_id, policy_type)
         VALUES (4711, 4711, 1, 'public.orders_1', 99, 0)`,
      "UPDATE pgdist.node SET server_id = 'another' WHERE id = 'local/w1'",
      "UPDATE pgdist.node SET leaving = now() WHERE id = 'local/w3'",
      "UPDATE pg_dist_node SET shouldhaveshards = false WHERE groupid = 3",
    ]) {
      await citus.sql("coordinator", statement);
    }
    await citus.waitFor("w2");
    const { code, answer } = await json("status", "changed");
    const found = (
      answer as { problems: { check: string; node: string | null; what: string }[] }
    ).problems.map(({ check, node, what }) => `${check} ${node ?? "cluster"}: ${what}`);
    for (const expected of [
      /^reachability local\/w3: its Citus library and its extension have different versions/,
      /^identity local\/w1: the server at .* is in group \d+, but with server id \S+ instead of another/,
      new RegExp(`^missing-shards local/w1: 1 shard\\(s\\) .*orders_${placed}`),
      /^recovery local\/w2: it is in recovery/,
      /^leaving local\/w3: it is marked as leaving since .* with 3 shards left/,
      /^membership local\/w4: it is in the environment, but not registered/,
      /^replication-slot local\/w1: replication slot standby has no consumer/,
      /^orphan cluster: 1 orphan\(s\) of nodes that are no longer registered, e\.g\. public\.orders_1/,
    ]) {
      expect(found).toContainEqual(expect.stringMatching(expected));
    }
    expect(code).toBe(3);
    expect((await json("tables", "whole")).text).toContain('"unreadable": 4');
  });

  test("a node that is stopped and one that is frozen are named in time, and hide no other", async () => {
    await Promise.all([freeze(citus.container("w2")), docker("stop", "-t", "3", citus.container("w3"))]);
    // And a link that is cut between two that are up: w1 takes the coordinator for an address that leads nowhere.
    await docker(
      ...[
        "exec",
        citus.container("w1"),
        "sh",
        "-c",
        `echo '::2 ${citus.container("coordinator")}' >> /etc/hosts`,
      ],
    );
    // By now it is, or gets, old enough to be a leftover.
    await citus.sql(
      "w1",
      "SELECT pg_sleep(greatest(0, 31 - extract(epoch FROM now() - prepared))) FROM pg_prepared_xacts",
    );
    const commands = ["status", "health", "shards", "activity"];
    const answers = [];
    for (const pair of [commands.slice(0, 2), commands.slice(2)]) {
      answers.push(...(await Promise.all(pair.map((command) => json(command, "whole")))));
    }
    for (const { code, text } of answers) {
      expect(code).toBe(3);
      expect(text).toContain(`its container ${citus.container("w2")} is paused`);
      expect(text).toContain(`its container ${citus.container("w3")} exited (code `);
    }
    expect(answers[0]?.text).toContain(
      `docker -H unix:///var/run/docker.sock unpause ${citus.container("w2")}`,
    );
    expect(answers[0]?.text).toContain("the prepared transaction citus_forgotten is left over since");
    expect(answers[1]?.answer).toMatchObject({
      pairs: expect.arrayContaining([
        { from: "local/coordinator", to: "local/w1", healthy: true },
        { from: "local/w1", to: "local/w1", healthy: true },
        { from: "local/w1", to: "local/coordinator", healthy: false },
        { from: "local/w1", to: "local/w2", healthy: false },
        { from: "local/w2", to: "local/w1", healthy: null },
      ]) as object,
      broken: expect.arrayContaining([
        expect.objectContaining({
          node: "local/coordinator",
          from: ["local/w1"],
          what: expect.stringContaining("::2") as string,
        }),
      ]) as object,
    });
    const { shares } = answers[2]?.answer as {
      shares: { node: string; table: string | null; bytes: number }[];
    };
    expect(shares.find(({ node, table }) => node === "local/w1" && table === null)?.bytes).toBeGreaterThan(0);
  });

  test("a coordinator that is down: the cause, its container, and what to do, in one line", async () => {
    await docker("stop", "-t", "3", citus.container("coordinator"));
    const { code, answer, text } = await json("status", "whole");
    expect(code).toBe(1);
    expect(answer).toMatchObject({ failure: { remedy: expect.stringContaining("start") as string } });
    expect(text).toContain(`its container ${citus.container("coordinator")} on local exited (code `);
  });
});

const WAITS = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted";

const TERMINATE_WAITING = `SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE application_name LIKE 'pg-dist status%' AND wait_event_type = 'Lock'`;

/** The kernel may give up freezing on a busy machine; at another try it freezes. */
async function freeze(container: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await docker("pause", container);
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}
