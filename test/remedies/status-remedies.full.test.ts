import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, docker, startCluster } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";

interface Problem {
  readonly severity: string;
  readonly check: string;
  readonly node: string | null;
  readonly what: string;
  readonly remedy: string;
}

/** Every fault is made on a healthy cluster, and nothing is done about it but what status says. */
describeOnCitus("what status says is done, and helps", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await startCluster(citus, ["w1", "w2"]);
    await project.declare(["w1", "w2"]);
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  async function problems(): Promise<Problem[]> {
    const { stdout, output } = await project.run("status", "test", "--json", "--timeout", "60");
    expect(stdout, output).toMatch(/^\{/);
    const found = (JSON.parse(stdout) as { problems: Problem[] }).problems;
    return found.filter(({ severity }) => severity !== "advice");
  }

  /** Does what a remedy says, which must say it: SQL at the place that it names, or a command line of this program or of docker. */
  async function follow({ node, what, remedy }: Problem, says: RegExp): Promise<void> {
    const said = [...remedy.matchAll(new RegExp(says, "g"))];
    expect(said, remedy).not.toEqual([]);
    for (const { 0: whole, index } of said) {
      // Of a missing shard, which the problem names.
      const [, schema = "", table = "", id = ""] = /: (\w+)\.(\w+)_(\d+)$/.exec(what) ?? [];
      const words = { ID: id, SCHEMA: schema, TABLE: table };
      const line = Object.entries(words).reduce(
        (text, [word, value]) => text.replaceAll(new RegExp(`\\b${word}\\b`, "g"), value),
        whole.replaceAll("`", ""),
      );
      const [program, ...args] = line.split(" ");
      if (program === "docker") await docker(...args);
      else if (program === "npx")
        expect(await project.run(...args.slice(1)), line).toMatchObject({ code: 0 });
      else {
        const [, place] = /^ (there|on the coordinator)/.exec(remedy.slice(index + whole.length)) ?? [];
        const there = place === "there" || /^there:/.test(remedy);
        const here = place === "on the coordinator" || /^on the coordinator:/.test(remedy);
        expect(there || here, `where: ${remedy}`).toBe(true);
        await citus.sql(there ? (node ?? "").replace(/^local\//, "") : "coordinator", line);
      }
    }
  }

  const at = (name: string) => `'${citus.container(name)}', 5432`;
  const sql = (place: string, statement: () => string) => () => citus.sql(place, statement());

  test.each<[string, () => Promise<unknown>, RegExp, RegExp]>([
    [
      "a node that was disabled",
      sql("coordinator", () => `SELECT citus_disable_node(${at("w2")}, true)`),
      /^inactive local\/w2/,
      /`npx pg-dist add [^`]*`/,
    ],
    [
      "a node that takes no shards",
      async () => {
        await citus.sql(
          "coordinator",
          "CREATE TABLE t (id int PRIMARY KEY); SELECT create_distributed_table('t', 'id', shard_count => 4)",
        );
        await citus.sql(
          "coordinator",
          `SELECT citus_set_node_property(${at("w2")}, 'shouldhaveshards', false)`,
        );
      },
      /^shouldhaveshards local\/w2/,
      /`npx pg-dist add [^`]*`/,
    ],
    [
      "a node without metadata",
      sql("coordinator", () => `SELECT stop_metadata_sync_to_node(${at("w2")})`),
      /^metadata local\/w2/,
      /SELECT \w+\([^)]*\)/,
    ],
    [
      "a node whose copy of the metadata differs",
      sql(
        "w1",
        () =>
          "UPDATE pg_dist_placement SET groupid = groupid % 2 + 1 WHERE placementid = (SELECT min(placementid) FROM pg_dist_placement)",
      ),
      /^metadata-drift local\/w1/,
      /SELECT \w+\([^)]*\)/,
    ],
    [
      "a node whose row was deleted by hand",
      sql("coordinator", () => `DELETE FROM pg_dist_node WHERE (nodename, nodeport) = (${at("w2")})`),
      /^lost-row local\/w2/,
      /INSERT INTO .* VALUES \([^)]*\)|SELECT \w+\(\)/,
    ],
    [
      "a shard that was dropped, and is in no backup",
      async () => {
        const shard = await citus.sql(
          "w2",
          "SELECT shard_name(logicalrelid, shardid) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN pg_dist_local_group USING (groupid) LIMIT 1",
        );
        await citus.sql("w2", `SET citus.enable_manual_changes_to_shards = on; DROP TABLE ${shard}`);
      },
      /^missing-shards local\/w2/,
      /SELECT \w+\(ID, .* ddl(?= there)/,
    ],
    [
      "a slot that a move left, and that retains WAL",
      sql("w1", () => "SELECT pg_create_logical_replication_slot('citus_shard_move_slot_1_1', 'pgoutput')"),
      /^replication-slot local\/w1/,
      /SELECT pg_drop_replication_slot\([^)]*\)/,
    ],
    [
      "an orphan of a node that is gone",
      sql(
        "coordinator",
        () =>
          "INSERT INTO pg_dist_cleanup (record_id, operation_id, object_type, object_name, node_group_id, policy_type) VALUES (nextval('pg_dist_cleanup_recordid_seq'), 1, 1, 'public.t_1', 99, 1)",
      ),
      /^orphan cluster/,
      /DELETE FROM .*\)/,
    ],
    [
      "a container that is paused",
      () => docker("pause", citus.container("w2")),
      /^reachability local\/w2/,
      /`docker [^`]*`/,
    ],
    [
      "a container that is stopped",
      () => docker("stop", "-t", "5", citus.container("w2")),
      /^reachability local\/w2/,
      /`docker [^`]*`/,
    ],
  ])("%s", async (_name, fault, expected, says) => {
    expect(await problems()).toEqual([]);
    await fault();
    const found = await problems();
    const own = found.find(({ check, node }) => expected.test(`${check} ${node ?? "cluster"}`));
    expect(own, JSON.stringify(found)).toBeDefined();
    if (own !== undefined) await follow(own, says);
    // A server that was started needs its time, and Citus' daemon tells the others within some seconds.
    await expect.poll(problems, { timeout: 90_000, interval: 1000 }).toEqual([]);
  });
});
