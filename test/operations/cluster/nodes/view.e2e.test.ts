import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cluster } from "../../../../model/cluster";
import { serverName } from "../../../../model/contract/server-name";
import { CitusContainers, describeOnCitus } from "../../../fixtures/citus-containers";
import { CitusProject } from "../../../fixtures/citus-project";
import { declareWorkerHosts, onWorkerHosts } from "../../../fixtures/worker-hosts";

/** Two workers, each on a Docker host of its own, whose endpoint is its container's name. */
const HOSTS = { w1: "server-b", w2: "server-c" } as const;
type Worker = keyof typeof HOSTS;

const ID: Readonly<Record<Worker, string>> = { w1: "server-b/w1", w2: "server-c/w2" };

/**
 * An environment in which two workers have exchanged their endpoints, and which was not applied, or failed before its
 * registration: every command names the same server by the same id. Steps in their order.
 */
describeOnCitus("two workers that exchange their endpoints, on real Citus", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus, { PATH: process.env["PATH"], PGDIST_VIA: "exec" });

  const BY_RECORD = { [ID.w1]: citus.container("w1"), [ID.w2]: citus.container("w2") };

  beforeAll(async () => {
    await citus.create();
    await citus.start("coordinator");
    const { nodes } = await cluster();
    await Promise.all(
      nodes
        .filter(({ role }) => role === "worker")
        .map((node) =>
          citus.start(node.name, { settings: [`cluster_name=${serverName(citus.prefix, node)}`] }),
        ),
    );
    expect(await citus.register(await cluster())).toMatchObject({ code: 0 });
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY);
       SELECT create_distributed_table('orders', 'id', shard_count => 6);
       INSERT INTO orders SELECT generate_series(1, 1000)`,
    );
    const [shard] = (await citus.sql("coordinator", shardsOf("w1"))).split("\n");
    await citus.sql(
      "coordinator",
      `SELECT citus_move_shard_placement(${shard}, '${citus.container("w1")}', 5432, '${citus.container("w2")}', 5432)`,
    );
    await declare({ w1: "w2", w2: "w1" });
  });
  afterAll(async () => {
    await project.destroy();
    await citus.destroy();
  });

  test.each(["status", "nodes", "health", "shards", "connections", "activity"])(
    "%s names them by the record",
    async (command) => {
      const { output, stdout } = await project.run(command, "test", "--json");
      expect(at(stdout), output).toEqual(BY_RECORD);
    },
  );

  test("what only reads counts the shards of each as its own", async () => {
    const { stdout } = await project.run("shards", "test", "--json");
    const { shares } = JSON.parse(stdout) as {
      shares: { node: string; table: string | null; shards: number }[];
    };
    const totals = shares.filter(({ table }) => table === null).map(({ node, shards }) => [node, shards]);
    expect(Object.fromEntries(totals)).toMatchObject({ [ID.w1]: 2, [ID.w2]: 4 });
    const status = await project.run("status", "test");
    for (const [name, other] of [
      ["w1", "w2"],
      ["w2", "w1"],
    ] as const)
      expect(status.output).toContain(
        `${ID[name]}: it is registered at ${citus.container(name)}:5432, and the environment has it at ${citus.container(other)}:5432`,
      );
  });

  test("drain asks about, and empties, the server that status names so", async () => {
    const asked = await project.run("drain", "test", "w1");
    expect(asked.last).toMatch(/drain server-b\/w1 of test: 2 shards with /);
    const drained = await project.run("drain", "test", "w1", "--yes");
    expect(drained.code, drained.output).toBe(0);
    expect(await counts()).toEqual({ w1: "0 f", w2: "6 t" });
    const { stdout } = await project.run("nodes", "test", "--json");
    expect(drainedOf(stdout)).toEqual([ID.w1]);
  });

  test("add gives shards to the one that was drained, by whichever name", async () => {
    const added = await project.run("add", "test", "w1");
    expect(added.output).toContain(`${ID.w1}: takes shards again`);
    expect(await counts()).toEqual({ w1: "0 t", w2: "6 t" });
    const drained = await project.run("drain", "test", `${citus.container("w2")}:5432`, "--yes", "--json");
    expect(drained.code, drained.output).toBe(0);
    expect(JSON.parse(drained.stdout)).toMatchObject({ node: ID.w2 });
    expect(await counts()).toEqual({ w1: "6 t", w2: "0 f" });
  });

  test("remove takes out that one, and the other keeps its name", async () => {
    const removed = await project.run("remove", "test", "w2", "--yes");
    expect(removed.code, removed.output).toBe(0);
    expect(await counts()).toEqual({ w1: "6 t" });
    const { stdout } = await project.run("nodes", "test", "--json");
    expect(at(stdout)).toEqual({ [ID.w1]: citus.container("w1") });
    const { nodes } = JSON.parse(stdout) as { nodes: { node: string; registered: object | null }[] };
    expect(nodes.find(({ node }) => node === ID.w2)?.registered).toBeNull();
  });

  test("add takes no other server for the one that was removed", async () => {
    // Where the environment has it now, the other one is.
    const added = await project.run("add", "test", "w2");
    expect(added.code, added.output).toBe(4);
    expect(added.output).not.toContain("is registered already");
    const wiped = await project.run("add", "test", "w2", "--wipe", "--confirm", ID.w2);
    expect(wiped.code, wiped.output).toBe(4);
    expect(wiped.last).toContain(`is another node: "${citus.prefix} ${ID.w1} `);
    expect(await counts()).toEqual({ w1: "6 t" });
    expect(await citus.sql("coordinator", "SELECT count(*) FROM orders")).toBe("1000");
  });

  /** Which endpoint each registered worker has in the JSON of a command. */
  function at(json: string): Record<string, string> {
    const { nodes } = JSON.parse(json) as {
      nodes: { node?: string; label?: string; endpoint: { host: string }; registered?: object | null }[];
    };
    const registered = nodes.filter((each) => each.registered !== null);
    const hosts = registered.map(
      ({ node, label, endpoint }) => [node ?? label ?? "", endpoint.host] as const,
    );
    return Object.fromEntries(hosts.filter(([name]) => !name.endsWith("/coordinator")));
  }

  function drainedOf(json: string): string[] {
    const { nodes } = JSON.parse(json) as {
      nodes: { node: string; role: string; registered: { shouldHaveShards: boolean } | null }[];
    };
    return nodes
      .filter(({ role, registered }) => role === "worker" && registered?.shouldHaveShards === false)
      .map(({ node }) => node);
  }

  function shardsOf(name: Worker): string {
    return `SELECT shardid FROM citus_shards WHERE nodename = '${citus.container(name)}' ORDER BY 1`;
  }

  /** `{ w1: "2 t" }`: shards and shouldhaveshards by where they are registered. */
  async function counts(): Promise<Record<string, string>> {
    const rows = await citus.sql(
      "coordinator",
      `SELECT n.nodename, (SELECT count(*) FROM citus_shards s WHERE s.nodename = n.nodename),
              left(n.shouldhaveshards::text, 1) FROM pg_dist_node n WHERE groupid <> 0`,
    );
    return Object.fromEntries(
      rows.split("\n").map((row): [string, string] => {
        const [host = "", shards, takes] = row.split("|");
        return [host.replace(`${citus.prefix}-`, ""), `${shards} ${takes}`];
      }),
    );
  }

  async function cluster(): Promise<Cluster> {
    return onWorkerHosts(await citus.cluster(Object.keys(HOSTS)), HOSTS);
  }

  /** Each worker at the endpoint of that one. */
  async function declare(endpoints: Readonly<Record<string, Worker>>): Promise<void> {
    await project.write(declareWorkerHosts(HOSTS, (name) => citus.container(endpoints[name] ?? name)));
  }
});
