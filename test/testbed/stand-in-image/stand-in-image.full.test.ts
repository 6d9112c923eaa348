import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../../testbed/command";
import { buildStandInImage } from "../../../testbed/stand-in-image/build";
import { StandInCluster } from "../../../testbed/stand-in-image/stand-in-cluster";

let tag: string;
let cluster: StandInCluster;

beforeAll(async () => {
  ({ tag } = await buildStandInImage((line) => process.stdout.write(`${line}\n`)));
  cluster = await StandInCluster.start(tag, 4);
}, 600_000);

afterAll(() => cluster?.remove());

const worker = (i: number) => cluster.names[i] ?? "";
const inspect = async (format: string) => run("docker", ["image", "inspect", "--format", format, tag]);

describe("the image", () => {
  it("says what it is, and is small", async () => {
    expect(await inspect('{{index .Config.Labels "pg-dist.stand-in"}}')).toBe("true");
    expect(Number(await inspect("{{.Size}}"))).toBeLessThan(250e6);
    const [row] = await cluster.query<{ version: string }>("SELECT citus_version() AS version");
    expect(row?.version).toBe("Citus 13.0.3 (STAND-IN of the pg-dist test bed, not Citus)");
  });

  it("is built once", async () => {
    const before = await inspect("{{.Id}}");
    const lines: string[] = [];
    await buildStandInImage((line) => lines.push(line));
    expect(lines).toEqual([`${tag} is up to date`]);
    expect(await inspect("{{.Id}}")).toBe(before);
  });

  it("refuses to initialise without a password", async () => {
    const start = run("docker", ["run", "--rm", tag]);
    await expect(start).rejects.toThrow(/POSTGRES_PASSWORD is empty/);
  });

  it("answers questions about the server without a data directory", async () => {
    expect(await run("docker", ["run", "--rm", "--read-only", tag, "postgres", "--version"])).toMatch(
      /^postgres \(PostgreSQL\) 1[57]/,
    );
  });

  it("runs the server as uid 999, with Citus' settings to show and set", async () => {
    expect(
      await run("docker", ["exec", worker(0), "stat", "--format", "%u %a", "/var/lib/postgresql/data"]),
    ).toBe("999 700");
    const client = await cluster.connect();
    await client.query("SET citus.shard_count = 8");
    const shown = await client.query(
      "SELECT current_setting('citus.shard_count') c, current_setting('citus.node_conninfo') n",
    );
    await client.end();
    expect(shown.rows).toEqual([{ c: "8", n: "sslmode=require" }]);
  });
});

describe("nodes", () => {
  it.each([
    ["itself", () => worker(0), 5432, "XX000", "Node cannot add itself as a worker."],
    [
      "an unreachable one",
      () => worker(1),
      5433,
      "08006",
      /^connection to the remote node postgres@.*:5433 failed .*: Connection refused/,
    ],
    [
      "an unknown name",
      () => "nowhere.invalid",
      5432,
      "08006",
      /could not translate host name "nowhere.invalid"/,
    ],
  ])("can't be joined by %s", async (_what, host, port, code, message) => {
    const added = cluster.query(`SELECT citus_add_node('${host()}', ${port})`);
    await expect(added).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it("need the extension", async () => {
    await cluster.query("DROP EXTENSION citus", worker(1));
    await expect(cluster.query(`SELECT citus_add_node('${worker(1)}', 5432)`)).rejects.toMatchObject({
      code: "XX000",
      message: `failure on connection marked as essential: ${worker(1)}:5432`,
    });
    await cluster.query("CREATE EXTENSION citus", worker(1));
  });

  it("need a coordinator that has a name", async () => {
    await cluster.query("SELECT citus_set_coordinator_host('localhost', 5432)");
    await expect(cluster.query(`SELECT citus_add_node('${worker(1)}', 5432)`)).rejects.toThrow(
      "cannot add a worker node when the coordinator hostname is set to localhost",
    );
  });

  it("are registered with the coordinator, and reach each other", async () => {
    await cluster.query(`SELECT citus_set_coordinator_host('${worker(0)}', 5432)`);
    for (const name of cluster.names.slice(1)) await cluster.query(`SELECT citus_add_node('${name}', 5432)`);
    for (const name of cluster.names) {
      const nodes = await cluster.query(
        "SELECT nodename, shouldhaveshards FROM pg_dist_node ORDER BY nodename",
        name,
      );
      expect(nodes).toEqual(cluster.names.map((nodename, i) => ({ nodename, shouldhaveshards: i > 0 })));
    }
    expect(await cluster.healthyPairs()).toBe(16);
  });

  it("are told apart by group and server_id", async () => {
    const identities = await cluster.query<{ result: string }>(
      "SELECT result FROM run_command_on_all_nodes($$SELECT (SELECT groupid FROM pg_dist_local_group) || ' ' || (metadata ->> 'server_id') FROM pg_dist_node_metadata$$)",
    );
    expect(new Set(identities.map(({ result }) => result)).size).toBe(4);
    const added = cluster.query(`SELECT citus_add_node('${await cluster.addressOf(worker(1))}', 5432)`);
    await expect(added).rejects.toMatchObject({ code: "40P01" });
  });

  it("learn a changed address a moment later, and until then take no other change", async () => {
    const address = await cluster.addressOf(worker(1));
    const [node] = await cluster.query<{ id: number }>(
      `SELECT nodeid AS id FROM pg_dist_node WHERE nodename = '${worker(1)}'`,
    );
    const client = await cluster.connect();
    await client.query("BEGIN"); // nobody else can tell the nodes yet
    await client.query(`SELECT citus_update_node(${node?.id}, '${address}', 5432)`);
    const change = client.query(
      `SELECT citus_set_node_property('${worker(2)}', 5432, 'shouldhaveshards', true)`,
    );
    await expect(change).rejects.toMatchObject({ code: "55000" });
    await client.end();
    for (const name of [address, worker(1)]) {
      await cluster.query(`SELECT citus_update_node(${node?.id}, '${name}', 5432)`);
      const known = `SELECT 1 FROM pg_dist_node WHERE nodename = '${name}' AND metadatasynced`;
      await expect.poll(() => cluster.query(known, worker(3)), { timeout: 60_000 }).toHaveLength(1);
    }
    expect(await cluster.healthyPairs()).toBe(16);
  });

  it("refuse the coordinator's work", async () => {
    await expect(cluster.query("SELECT citus_add_node('x', 1)", worker(1))).rejects.toThrow(
      "operation is not allowed on this node",
    );
  });
});

describe("credentials between nodes", () => {
  it("come from the environment at the first start only, and from pg_dist_authinfo always", async () => {
    for (const name of cluster.names) {
      expect(await cluster.environmentOf(name)).toContain(`PGPASSWORD=${cluster.password}`);
    }
    await cluster.query("CREATE TABLE events AS SELECT generate_series(1, 500) AS id");
    await cluster.query("SELECT create_distributed_table('events', 'id')");
    await cluster.restart();
    for (const name of cluster.names) {
      expect((await cluster.environmentOf(name)).join()).not.toContain("PGPASSWORD");
    }
    await expect(cluster.query(`SELECT citus_activate_node('${worker(1)}', 5432)`)).rejects.toMatchObject({
      code: "08006",
      message: expect.stringMatching(/fe_sendauth: no password supplied/) as string,
    });
    expect(await cluster.healthyPairs()).toBe(0);
    for (const name of cluster.names) {
      await cluster.query(
        `INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', 'password=${cluster.password}')`,
        name,
      );
    }
    expect(await cluster.healthyPairs()).toBe(16);
    await cluster.restart();
    expect(await cluster.healthyPairs()).toBe(16);
    const [row] = await cluster.query<{ count: number }>("SELECT count(*)::int FROM events");
    expect(row?.count).toBe(500);
  });

  it("and other ways between nodes follow a reload", async () => {
    const options =
      "SELECT bool_and('sslmode=disable' = ANY (srvoptions)) AS off FROM pg_foreign_server WHERE srvname ~ 'group'";
    await cluster.query("ALTER SYSTEM SET citus.node_conninfo = 'sslmode=disable'");
    await cluster.query("SELECT pg_reload_conf()");
    await expect.poll(() => cluster.query(options), { timeout: 60_000 }).toEqual([{ off: true }]);
    await cluster.query("ALTER SYSTEM RESET citus.node_conninfo");
    await cluster.query("SELECT pg_reload_conf()");
    await expect.poll(() => cluster.query(options), { timeout: 60_000 }).toEqual([{ off: false }]);
  });

  it("that are wrong are named", async () => {
    await cluster.query("UPDATE pg_dist_authinfo SET authinfo = 'password=wrong'");
    await expect(cluster.query(`SELECT citus_activate_node('${worker(1)}', 5432)`)).rejects.toMatchObject({
      code: "08006",
      message: expect.stringMatching(
        /FATAL: {2}password authentication failed for user "postgres"/,
      ) as string,
    });
    await cluster.query(`UPDATE pg_dist_authinfo SET authinfo = 'password=${cluster.password}'`);
  });
});
