import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  CitusContainers,
  IMAGE,
  describeOnCitus,
  docker,
  startCluster,
} from "../../../fixtures/citus-containers";

const NODES = "SELECT string_agg(nodename || ':' || nodeid, ' ' ORDER BY nodeid) FROM pg_dist_node";

describeOnCitus("registration that meets faults", () => {
  const citus = new CitusContainers();
  let before: string;

  beforeAll(async () => {
    await startCluster(citus, ["w1", "w2"]);
  });
  beforeEach(async () => {
    before = await citus.sql("coordinator", NODES);
  });
  afterAll(() => citus.destroy());

  test("all problems of all new workers come in one report, and none is added", async () => {
    await Promise.all([
      citus.start("tables"),
      citus.start("password", { password: "another-one" }),
      citus.start("replica", { settings: ["wal_level=replica"] }),
      citus.start("fine"),
    ]);
    await citus.sql("tables", "CREATE TABLE mine(a int)");
    const names = ["w1", "w2", "tables", "password", "replica", "fine", "nowhere"];
    const outcome = await citus.register(await citus.cluster(names));
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.output).toMatch(
      /local\/tables: it is not empty: it has 1 table\(s\) of its own \(public\.mine\)/,
    );
    expect(outcome.output).toMatch(/local\/password: .* refuses the password .*npx pg-dist credentials/);
    expect(outcome.output).toMatch(/local\/replica: wal_level is replica/);
    expect(outcome.output).toMatch(
      /local\/nowhere: the name \S+-nowhere does not resolve in the container of the coordinator/,
    );
    expect(outcome.output).not.toContain("local/fine:");
    expect(outcome.last).toMatch(
      /^pg-dist: no node was added or moved: local\/tables: .*\(and 3 more, above\): /,
    );
    expect(await citus.sql("coordinator", NODES)).toBe(before);
    expect(await citus.sql("tables", "SELECT count(*) FROM mine")).toBe("0");

    // The next run after the repair converges.
    await citus.sql("tables", "DROP TABLE mine");
    expect(await citus.register(await citus.cluster(["w1", "w2", "tables", "fine"]))).toMatchObject({
      code: 0,
    });
  });

  test("a worker of another Citus version", async () => {
    await citus.start("older");
    // As after an image with an older Citus, whose extension the data then has.
    await citus.sql("older", "UPDATE pg_extension SET extversion = '12.1-1' WHERE extname = 'citus'");
    const outcome = await citus.register(await citus.cluster(["w1", "w2", "older"]));
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.last).toMatch(/local\/older: it runs Citus .*12\.1-1.*, the coordinator Citus /);
    expect(await citus.sql("coordinator", NODES)).toBe(before);

    // The next run after the repair converges.
    await citus.sql("older", "UPDATE pg_extension SET extversion = '13.0-1' WHERE extname = 'citus'");
    expect(await citus.register(await citus.cluster(["w1", "w2", "older"]))).toMatchObject({ code: 0 });
  });

  test("a worker that lacks an extension, and one that has something else of a name", async () => {
    // Only SQL, so that no image is needed: what an image with an extension has more than another.
    const files =
      "cd /usr/share/postgresql/17/extension && printf \"default_version = '1.0'\" > geo.control && touch geo--1.0.sql";
    const install = (name: string) => docker("exec", citus.container(name), "sh", "-c", files);
    await Promise.all([
      citus.start("lacking"),
      citus.start("other"),
      ...["coordinator", "w1", "w2"].map(install),
    ]);
    const registered = (await citus.sql("coordinator", "SELECT nodename FROM pg_dist_node WHERE groupid > 0"))
      .split("\n")
      .map((name) => name.replace(`${citus.prefix}-`, ""));
    await Promise.all(registered.map(install));
    await citus.sql("coordinator", "CREATE EXTENSION geo");
    await citus.sql("coordinator", "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'");
    const lacking = await citus.register(await citus.cluster([...registered, "lacking"]));
    expect(lacking).toMatchObject({ code: 1 });
    expect(lacking.last).toMatch(
      /no node was added or moved: local\/lacking: the extension geo 1\.0, .* its image does not have its files: give local\/lacking an image with geo 1\.0/,
    );
    expect(await citus.sql("coordinator", NODES)).toBe(before);
    await install("lacking");
    expect(await citus.register(await citus.cluster([...registered, "lacking"]))).toMatchObject({ code: 0 });

    await install("other");
    await citus.sql("other", "CREATE FUNCTION f(int) RETURNS text LANGUAGE sql AS 'SELECT 1::text'");
    const all = await citus.cluster([...registered, "lacking", "other"]);
    const other = await citus.register(all);
    expect(other).toMatchObject({ code: 4 });
    expect(other.last).toMatch(
      /local\/other: it is not empty: it has definitions of its own \(.*f\(integer\)/,
    );
    await citus.sql("other", "DROP FUNCTION f(int)");
    expect(await citus.register(all)).toMatchObject({ code: 0 });
    await citus.sql("coordinator", "DROP EXTENSION geo; DROP FUNCTION f(int)");
  });

  test("an empty server at a registered address, which Citus calls healthy", async () => {
    await citus.remove("w2");
    await citus.removeVolume("w2");
    await citus.start("w2");
    await citus.sql(
      "w2",
      `INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', 'password=${citus.password}')`,
    );
    const healthy =
      "SELECT count(*) FILTER (WHERE result IS DISTINCT FROM true) FROM citus_check_cluster_node_health()";
    expect(await citus.sql("coordinator", healthy)).toBe("0");
    const outcome = await citus.register(await citus.cluster(["w1", "w2"]));
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.last).toMatch(/local\/w2: the server at \S+ is empty, but group \d+ .*volume was deleted/);
    expect(await citus.sql("w2", "SELECT groupid FROM pg_dist_local_group")).toBe("0");
    // No shards were on it: take it out for the tests that follow.
    await citus.sql("coordinator", `SELECT citus_remove_node('${citus.container("w2")}', 5432)`);
    await citus.sql("coordinator", "DELETE FROM pgdist.node WHERE id = 'local/w2'");
  });

  test("a copy of a worker's data directory, and a worker of another cluster", async () => {
    const copy = async (from: string, to: string) => {
      await docker("stop", citus.container(from));
      await docker(
        ...[
          "run",
          "--rm",
          "--entrypoint",
          "cp",
          "-v",
          `${citus.volume(from)}:/from:ro`,
          "-v",
          `${citus.volume(to)}:/to`,
        ],
        ...[IMAGE, "-a", "/from/.", "/to"],
      );
      await docker("start", citus.container(from));
      await citus.waitFor(from);
      await citus.start(to);
    };
    await copy("w1", "copy1");
    const twin = await citus.register(await citus.cluster(["w1", "copy1"]));
    expect(twin).toMatchObject({ code: 4 });
    expect(twin.output).toMatch(
      /local\/copy1: it is not empty: it is or was a worker of a cluster \(group \d+\)/,
    );
    expect(twin.output).toMatch(/local\/copy1: \S+ is the same server as local\/w1, or runs on a copy/);

    await copy("coordinator", "copyc");
    const cluster = await citus.cluster(["w1", "copyc"]);
    expect((await citus.register(cluster)).output).toMatch(
      /local\/copyc: \S+ is the same server as the coordinator/,
    );
  });

  test("a worker that the coordinator reaches and another worker doesn't", async () => {
    const island = `${citus.prefix}-island`;
    await citus.createNetwork(island);
    await docker("network", "connect", island, citus.container("coordinator"));
    await citus.start("alone", { network: island });
    before = await citus.sql("coordinator", NODES);
    const outcome = await citus.register(await citus.cluster(["w1", "alone"]));
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.output).toMatch(
      /local\/alone: the name \S+-alone does not resolve in the container of local\/w1/,
    );
    expect(outcome.output).toMatch(
      /local\/w1: the name \S+-w1 does not resolve in the container of local\/alone/,
    );
    expect(await citus.sql("coordinator", NODES)).toBe(before);
    await docker("network", "connect", citus.prefix, citus.container("alone"));
    expect(await citus.register(await citus.cluster(["w1", "alone"]))).toMatchObject({ code: 0 });
  });

  test("a registered worker that is down: every pair counts, and says why", async () => {
    await docker("stop", citus.container("alone"));
    const outcome = await citus.register(await citus.cluster(["w1", "alone"]));
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.last).toMatch(/local\/alone: /);
    await docker("start", citus.container("alone"));
    await citus.waitFor("alone");
    expect(await citus.register(await citus.cluster(["w1", "alone"]))).toMatchObject({ code: 0 });
  });

  test("what a coordinator left prepared on a worker that it never registered is rolled back", async () => {
    await citus.start("prepared");
    const orphan = `psql -h 127.0.0.1 -U postgres -qAtc "BEGIN; UPDATE pg_dist_local_group SET groupid = 7; PREPARE TRANSACTION 'citus_0_1_1_0'"`;
    await docker("exec", citus.container("prepared"), "sh", "-c", orphan);
    expect(await citus.register(await citus.cluster(["w1", "prepared"]))).toMatchObject({ code: 0 });
    expect(await citus.sql("prepared", "SELECT count(*) FROM pg_prepared_xacts")).toBe("0");
  });

  test("killed while it adds workers, run again, and two at once", async () => {
    const names = ["k1", "k2", "k3"];
    await Promise.all(names.map((name) => citus.start(name)));
    const cluster = await citus.cluster(["w1", ...names]);
    const { child, ended } = await citus.launch(cluster);
    child.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("added as node")) child.kill("SIGKILL");
    });
    expect(await ended).toMatchObject({ code: null });
    const both = await Promise.all([citus.register(cluster), citus.register(cluster)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.map(({ output }) => output).join()).toMatch(
      /waiting for another run to finish: pg-dist register \S+ pid \d+ \(since .*, process \d+ on the coordinator\)/,
    );
    const unrecorded = `SELECT count(*) FROM pgdist.node JOIN pg_dist_node USING (nodeid, groupid) WHERE id LIKE 'local/k%'`;
    expect(await citus.sql("coordinator", unrecorded)).toBe("3");
  });

  test("a lock that is held is waited for, named, and in the end an error", async () => {
    const key = "SELECT pg_advisory_lock(123589368574836), pg_sleep(60)";
    const holder = citus.sql("coordinator", `SET application_name = 'somebody'; ${key}`).catch(() => "ended");
    const granted = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1";
    while ((await citus.sql("coordinator", granted)) === "0") await sleep(100);
    const outcome = await citus.register(await citus.cluster(["w1"]), { PGDIST_LOCK_TIMEOUT: "1" });
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.output).toMatch(/waiting for another run to finish: somebody \(since/);
    expect(outcome.last).toMatch(/another run is still working on the cluster after 1 s: somebody/);
    await citus.sql(
      "coordinator",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'somebody'",
    );
    expect(await holder).toBe("ended");
  });

  test("a password that is missing or wrong", async () => {
    const cluster = await citus.cluster(["w1"]);
    const none = await citus.register(cluster, { TF_VAR_postgres_password: "" });
    expect(none).toMatchObject({ code: 1 });
    expect(none.last).toMatch(/TF_VAR_postgres_password \(or PGPASSWORD\)/);
    const wrong = await citus.register(cluster, { TF_VAR_postgres_password: "not-it" });
    expect(wrong.last).toMatch(/password authentication failed .*it is not the coordinator's /);
    expect(wrong.output).not.toContain("not-it");
  });
});
