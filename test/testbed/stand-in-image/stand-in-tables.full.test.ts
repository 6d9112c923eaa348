import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildStandInImage } from "../../../testbed/stand-in-image/build";
import { StandInCluster } from "../../../testbed/stand-in-image/stand-in-cluster";
import { Writer } from "../../../testbed/stand-in-image/stand-in-writer";

let cluster: StandInCluster;
const [first, second, third] = [1, 2, 3];

beforeAll(async () => {
  const { tag } = await buildStandInImage((line) => process.stdout.write(`${line}\n`));
  cluster = await StandInCluster.start(tag, 4);
  await cluster.register();
  // What moves leave behind stays until it is asked for.
  await cluster.query("ALTER SYSTEM SET citus.defer_shard_delete_interval = '1h'");
  await cluster.query("SELECT pg_reload_conf()");
}, 600_000);

afterAll(() => cluster?.remove());

const worker = (i: number) => cluster.names[i] ?? "";

describe("tables", () => {
  beforeAll(async () => {
    await cluster.query("CREATE TABLE events (id bigserial PRIMARY KEY, writer int, body text)");
    await cluster.query(
      "INSERT INTO events (writer, body) SELECT 0, repeat('x', 100) FROM generate_series(1, 500)",
    );
    await cluster.query("SELECT create_distributed_table('events', 'id')");
    await cluster.query("CREATE TABLE details (id bigint PRIMARY KEY, body jsonb)");
    await cluster.query("SELECT create_distributed_table('details', 'id', colocate_with => 'events')");
    await cluster.query("CREATE TABLE countries (code text PRIMARY KEY, name text)");
    await cluster.query("SELECT create_reference_table('countries')");
  });

  it("spread their rows over the workers, and answer on every node", async () => {
    const shards = await cluster.query(
      "SELECT nodename, count(*)::int FROM citus_shards WHERE table_name = 'events'::regclass GROUP BY 1 ORDER BY 1",
    );
    expect(shards).toEqual([11, 11, 10].map((count, i) => ({ nodename: worker(i + 1), count })));
    const [inserted] = await cluster.query(
      "INSERT INTO events (writer, body) VALUES (0, 'new') RETURNING id::int",
    );
    expect(inserted).toEqual({ id: 501 });
    await cluster.query("UPDATE events SET body = 'changed' WHERE id = 7");
    await cluster.query("DELETE FROM events WHERE id = 8");
    for (const name of cluster.names) {
      const [row] = await cluster.query(
        "SELECT count(*)::int, max(body) FILTER (WHERE id = 7) AS seven FROM events",
        name,
      );
      expect(row).toEqual({ count: 500, seven: "changed" });
    }
  });

  it("of reference are the same on every node after each kind of write", async () => {
    await cluster.query("INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France'), ('it', 'Italy')");
    await cluster.query("UPDATE countries SET name = 'Deutschland' WHERE code = 'de'");
    await cluster.query("DELETE FROM countries WHERE code = 'fr'");
    await cluster.query(
      "INSERT INTO countries VALUES ('it', 'Italia') ON CONFLICT (code) DO UPDATE SET name = excluded.name",
    );
    const copies = await cluster.query<{ result: string }>(
      "SELECT result FROM run_command_on_placements('countries', 'SELECT string_agg(name, '','' ORDER BY code) FROM %s')",
    );
    expect(copies.map(({ result }) => result)).toEqual(Array(4).fill("Deutschland,Italia"));
  });

  it("take a few changes to their shards, and refuse the others", async () => {
    await cluster.query("ALTER TABLE events ADD COLUMN kind int DEFAULT 5");
    await cluster.query("ALTER TABLE countries ADD COLUMN kind int DEFAULT 6");
    await cluster.query("INSERT INTO countries VALUES ('es', 'España', 7)");
    await cluster.query("CREATE INDEX events_kind ON events (kind)");
    for (const name of cluster.names) {
      const [row] = await cluster.query("SELECT sum(kind)::int AS sum FROM events", name);
      expect(row).toEqual({ sum: 500 * 5 });
    }
    expect(await cluster.query("SELECT kind FROM countries ORDER BY kind", worker(first))).toEqual(
      [6, 6, 7].map((kind) => ({ kind })),
    );
    expect(await countOnWorkers("SELECT count(*) FROM pg_class WHERE relname LIKE 'events_kind_%'")).toBe(32);
    await cluster.query("DELETE FROM countries WHERE code = 'es'");
    await cluster.query("ALTER TABLE events DROP COLUMN kind");
    await expect(cluster.query("ALTER TABLE events RENAME COLUMN body TO text")).rejects.toThrow(
      "the stand-in for Citus does not imitate this change of a table after it was distributed",
    );
  });

  it("keep nothing of a transaction that is rolled back", async () => {
    const client = await cluster.connect();
    await client.query("BEGIN; INSERT INTO events (writer) VALUES (9); INSERT INTO countries VALUES ('xx')");
    await client.query("ROLLBACK");
    await client.end();
    const [row] = await cluster.query(
      "SELECT (SELECT count(*)::int FROM events WHERE writer = 9) e, (SELECT count(*)::int FROM countries) c",
    );
    expect(row).toEqual({ e: 0, c: 2 });
  });

  it("are dropped with their shards", async () => {
    await cluster.query("CREATE TABLE gone (id int PRIMARY KEY)");
    await cluster.query("SELECT create_distributed_table('gone', 'id', shard_count => 4)");
    expect(await tablesLike("gone%")).toBe(4);
    await cluster.query("DROP TABLE gone");
    expect(await tablesLike("gone%")).toBe(0);
  });

  it("without a key are not moved online", async () => {
    await cluster.query("CREATE TABLE keyless (id int)");
    await cluster.query("SELECT create_distributed_table('keyless', 'id', shard_count => 4)");
    await expect(cluster.query(`SELECT citus_drain_node('${worker(first)}', 5432)`)).rejects.toMatchObject({
      code: "0A000",
      message: expect.stringMatching(
        /^cannot use logical replication to transfer shards of the relation keyless/,
      ) as string,
    });
    await cluster.query("ALTER TABLE keyless REPLICA IDENTITY FULL");
    await cluster.query(`SELECT citus_drain_node('${worker(first)}', 5432)`);
    await cluster.query("DROP TABLE keyless");
    await cluster.query(`SELECT citus_set_node_property('${worker(first)}', 5432, 'shouldhaveshards', true)`);
    await rebalance();
  });
});

describe("moves", () => {
  it("lose nothing of what a writer was promised", async () => {
    const writers = [1, 2, 3].map((id) => new Writer(cluster, id));
    await Promise.all(writers.map((writer) => writer.start()));
    await cluster.query(`SELECT citus_drain_node('${worker(first)}', 5432)`);
    await Promise.all(writers.map((writer) => writer.stop()));
    for (const { id, acknowledged, errors } of writers) {
      expect(errors).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(10);
      const rows = await cluster.query<{ id: string }>(
        `SELECT id FROM events WHERE writer = ${id} ORDER BY id`,
      );
      expect(rows.map((row) => row.id)).toEqual(acknowledged);
    }
    expect(await shardsOn(first)).toBe(0);
  });

  it("leave their sources to the clean-up, and a node that is empty can go and come back", async () => {
    const [before] = await cluster.query<{ n: number }>("SELECT count(*)::int AS n FROM pg_dist_cleanup");
    expect(before?.n).toBeGreaterThan(0);
    await cluster.query("CALL citus_cleanup_orphaned_resources()");
    expect(await cluster.query("SELECT FROM pg_dist_cleanup")).toEqual([]);
    expect(
      await cluster.query(
        "SELECT relname FROM pg_class WHERE relname ~ '^(events|details)_[0-9]' AND relkind = 'r'",
        worker(first),
      ),
    ).toEqual([]);
    await cluster.query(`SELECT stop_metadata_sync_to_node('${worker(first)}', 5432)`);
    await cluster.query(`SELECT citus_remove_node('${worker(first)}', 5432)`);
    expect(await cluster.query("SELECT FROM pg_dist_node", worker(first))).toEqual([]);
    expect(await cluster.healthyPairs()).toBe(9);
    await cluster.query(`SELECT citus_add_node('${worker(first)}', 5432)`);
  });

  it("are refused where a node holds the only copy", async () => {
    await expect(cluster.query(`SELECT citus_remove_node('${worker(second)}', 5432)`)).rejects.toThrow(
      /cannot remove or disable the node .* because it contains the only shard placement for shard \d+/,
    );
  });

  it("of a background rebalance fill the node again", async () => {
    const started = "SELECT citus_rebalance_start(shard_transfer_mode => 'block_writes')::int AS job";
    const [{ job } = { job: 0 }] = await cluster.query<{ job: number }>(started);
    await expect(cluster.query(started)).rejects.toThrow(`A rebalance is already running as job ${job}`);
    await cluster.query(`SELECT citus_job_wait(${job}, 'finished')`);
    expect(await shardsOn(first)).toBeGreaterThan(18);
    const [row] = await cluster.query<{ copies: number }>(
      "SELECT count(*)::int AS copies FROM citus_shards WHERE citus_table_type = 'reference'",
    );
    expect(row?.copies).toBe(4);
  });

  it("that are rolled back lose nothing, though each cleans up after the one before", async () => {
    const shards = await cluster.query<{ move: string }>(
      `SELECT format('SELECT citus_move_shard_placement(%s, ''%s'', 5432, ''%s'', 5432)', s.shardid, s.nodename,
              '${worker(third)}') AS move
       FROM citus_shards s WHERE s.nodename = '${worker(first)}' AND s.table_name = 'events'::regclass LIMIT 2`,
    );
    const rows = "SELECT count(*)::int FROM events";
    const before = await cluster.query(rows);
    const client = await cluster.connect();
    await client.query("BEGIN");
    for (const { move } of shards) await client.query(move);
    await client.query("ROLLBACK");
    await client.end();
    expect(shards).toHaveLength(2);
    expect(await cluster.query(rows)).toEqual(before);
    expect(await cluster.query("SELECT FROM get_rebalance_progress()")).toEqual([]);
    await cluster.query("CALL citus_cleanup_orphaned_resources()");
    expect(await cluster.query(rows)).toEqual(before);
  });

  it("that fail leave the shard where it was", async () => {
    const [shard] = await cluster.query<{ name: string; move: string }>(
      `SELECT s.shard_name AS name, format('SELECT citus_move_shard_placement(%s, ''%s'', 5432, ''%s'', 5432)',
              s.shardid, s.nodename, '${worker(third)}') AS move
       FROM citus_shards s WHERE s.nodename = '${worker(first)}' AND s.citus_table_type = 'distributed' LIMIT 1`,
    );
    const rows = "SELECT count(*)::int FROM events";
    const before = await cluster.query(rows);
    await cluster.query(`CREATE TABLE ${shard?.name} (somebody_elses int)`, worker(third));
    await expect(cluster.query(shard?.move ?? "")).rejects.toThrow(/already exists/);
    expect(await cluster.query(rows)).toEqual(before);
    await cluster.query(`DROP TABLE IF EXISTS ${shard?.name}`, worker(third));
    await cluster.query(shard?.move ?? "");
    expect(await cluster.query(rows)).toEqual(before);
  });
});

async function shardsOn(node: number): Promise<number> {
  const [row] = await cluster.query<{ shards: number }>(
    `SELECT count(*)::int AS shards FROM citus_shards WHERE nodename = '${worker(node)}' AND citus_table_type = 'distributed'`,
  );
  return row?.shards ?? -1;
}

async function rebalance(): Promise<void> {
  const started = "SELECT citus_rebalance_start(shard_transfer_mode => 'block_writes')::int AS job";
  const [row] = await cluster.query<{ job: number }>(started);
  await cluster.query(`SELECT citus_job_wait(${row?.job}, 'finished')`);
}

const tablesLike = (pattern: string) =>
  countOnWorkers(`SELECT count(*) FROM pg_class WHERE relname LIKE '${pattern}' AND relkind = 'r'`);

async function countOnWorkers(query: string): Promise<number> {
  const [row] = await cluster.query<{ sum: number }>(
    `SELECT sum(result::int)::int FROM run_command_on_workers($$${query}$$)`,
  );
  return row?.sum ?? -1;
}
