import { afterAll, beforeAll, expect, test } from "vitest";
import { CitusContainers, describeOnCitus, startCluster } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";

/** The coordinator's volume was exchanged for a new, empty one: all rows are still on the workers. */
describeOnCitus("a coordinator whose volume was lost, on real Citus", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);

  beforeAll(async () => {
    await startCluster(citus, ["w1", "w2"]);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY);
       SELECT create_distributed_table('orders', 'id', shard_count => 4);
       INSERT INTO orders SELECT generate_series(1, 100)`,
    );
    await citus.remove("coordinator");
    await citus.start("coordinator", { volume: citus.volume("other") });
    await project.declare(["w1", "w2"]);
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  test("registration names it, and tells nobody to wipe the workers", async () => {
    const outcome = await citus.register(await citus.cluster(["w1", "w2"]));
    expect(outcome).toMatchObject({ code: 4 });
    expect(outcome.output).toMatch(
      /local\/w1: it is a worker of a cluster \(group \d+\), and the coordinator knows none: the coordinator's volume was probably lost/,
    );
    expect(outcome.output).toContain("wipe no worker");
    expect(outcome.output).not.toMatch(/--wipe|remove /);
  });

  test("a worker with the only copy of its shards is not wiped, not even with its id typed", async () => {
    const outcome = await project.run("add", "test", "w1", "--wipe", "--confirm", "local/w1");
    expect(outcome.code, outcome.output).toBe(4);
    expect(outcome.last).toMatch(/never had a group \d+: that coordinator's volume was lost or replaced/);
    const shards =
      "SET citus.show_shards_for_app_name_prefixes = '*'; SELECT count(*) FROM pg_class WHERE relname ~ '^orders_\\d+$'";
    expect(await citus.sql("w1", shards)).toBe("2");
  });

  test("with its volume back it is the cluster that it was", async () => {
    await citus.remove("coordinator");
    await citus.start("coordinator");
    const outcome = await citus.register(await citus.cluster(["w1", "w2"]));
    expect(outcome.code, outcome.output).toBe(0);
    expect(outcome.last).toMatch(/9 of 9 pairs healthy/);
    expect(await citus.sql("coordinator", "SELECT count(*) FROM orders")).toBe("100");
  });
});
