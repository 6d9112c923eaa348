import { CitusContainers } from "../fixtures/citus-on-docker";
import { Writers } from "../fixtures/writers";
import type { Parts } from "../../testbed/parts";
import { seconds } from "./measure";
import { canRunOnCitus } from "./on-citus";

const WORKERS = ["w1", "w2", "w3"] as const;
/** Tables of the groups that have many. */
const COLOCATED = 12;
/** Shard groups per worker: with a dozen tables, and with one. */
const GROUPS = { many: 5, one: 25 };
/** Of about 1 kB each, over all workers. */
const ROWS = 750_000;
/** Each after the other, so that neither gains from being the first or the last. */
const ORDER = ["ours", "theirs", "theirs", "ours"] as const;
/** At most so much of citus_drain_node's time, with a longest stall that is no longer. */
const AIM = 0.5;

interface Run {
  readonly seconds: number;
  /** Longest write, in milliseconds. */
  readonly stall: number;
  readonly errors: number;
}

/**
 * A worker with a few hundred MB in 30 shard groups is emptied while clients write: by our removal, which checks, cleans up
 * and takes the worker out of the cluster, and by `citus_drain_node` alone, on the same data.
 */
export async function benchDrain(parts: Parts): Promise<void> {
  if (!canRunOnCitus(parts)) return;
  const citus = new CitusContainers();
  try {
    await citus.create();
    await Promise.all(["coordinator", ...WORKERS].map((name) => start(citus, name)));
    await register(citus);
    await fill(citus);
    const runs: Record<(typeof ORDER)[number], Run[]> = { ours: [], theirs: [] };
    for (const [number, way] of ORDER.entries()) {
      const groups = await citus.sql("coordinator", `SELECT count(*) FROM (${GROUPS_ON_W3(citus)}) g`);
      // Each time anew: the worker comes back with the same number of shards, but not with the same ones.
      const bytes = await citus.sql("coordinator", BYTES_ON_W3(citus));
      const run = await measured(citus, (number + 1) * 1_000_000_000, () =>
        way === "ours" ? leave(citus) : drainNode(citus),
      );
      runs[way].push(run);
      console.log(
        `  ${way.padEnd(6)} ${groups} shard groups, ${bytes}: ${run.seconds.toFixed(1)} s, longest write ${run.stall.toFixed(0)} ms, ${run.errors} errors`,
      );
      await restore(citus, way);
    }
    const sum = (way: Run[]) => way.reduce((total, run) => total + run.seconds, 0);
    const stall = (way: Run[]) => Math.max(...way.map((run) => run.stall));
    const ratio = sum(runs.ours) / sum(runs.theirs);
    const reached = ratio <= AIM && stall(runs.ours) <= stall(runs.theirs);
    console.log(
      `  ratio ${ratio.toFixed(2)} of citus_drain_node's time; longest write ` +
        `${stall(runs.ours).toFixed(0)} ms against ${stall(runs.theirs).toFixed(0)} ms: the aim, ${AIM} or less and no ` +
        `longer stall, is ${reached ? "reached" : "missed"}`,
    );
  } finally {
    await citus.destroy();
  }
}

const GROUPS_ON_W3 = (citus: CitusContainers) =>
  `SELECT DISTINCT colocation_id, shardminvalue FROM citus_shards JOIN pg_dist_shard USING (shardid)
    WHERE nodename = '${citus.container("w3")}' AND citus_table_type = 'distributed'`;

function start(citus: CitusContainers, name: string): Promise<void> {
  // A removal recognises a worker by its name, as it does where Terraform started it.
  return citus.start(name, {
    settings: [
      "max_worker_processes=16",
      `cluster_name=${citus.prefix} local/${name} ${citus.container(name)}:5432`,
    ],
  });
}

async function register(citus: CitusContainers): Promise<void> {
  const { code, output } = await citus.register(await citus.cluster(WORKERS));
  if (code !== 0) throw new Error(`The registration failed:\n${output}`);
}

const BYTES_ON_W3 = (citus: CitusContainers) =>
  `SELECT pg_size_pretty(sum(shard_size)) FROM citus_shards WHERE nodename = '${citus.container("w3")}'`;

async function fill(citus: CitusContainers): Promise<void> {
  const many = GROUPS.many * WORKERS.length;
  const one = GROUPS.one * WORKERS.length;
  const colocated = Array.from({ length: COLOCATED }, (_, number) => `part${number}`);
  const statements = [
    "CREATE TABLE big (id bigint PRIMARY KEY, note text)",
    `SELECT create_distributed_table('big', 'id', shard_count => ${one}, colocate_with => 'none')`,
    ...colocated.map((table) => `CREATE TABLE ${table} (id bigint PRIMARY KEY, note text)`),
    `SELECT create_distributed_table('part0', 'id', shard_count => ${many}, colocate_with => 'none')`,
    ...colocated
      .slice(1)
      .map((table) => `SELECT create_distributed_table('${table}', 'id', colocate_with => 'part0')`),
    `INSERT INTO big SELECT i, repeat(md5(i::text), 30) FROM generate_series(1, ${ROWS}) i`,
    ...colocated.map(
      (table) => `INSERT INTO ${table} SELECT i, repeat(md5(i::text), 3) FROM generate_series(1, 20000) i`,
    ),
  ];
  for (const statement of statements) await citus.sql("coordinator", statement);
}

/** With writers of a table of each kind; every acknowledged row must be there once afterwards. */
async function measured(citus: CitusContainers, firstId: number, work: () => Promise<unknown>): Promise<Run> {
  const port = (await citus.cluster([])).nodes[0]?.published?.port ?? 0;
  const options = { port, password: citus.password, count: 2 };
  const writers = [
    await Writers.start("big", firstId, options),
    await Writers.start("part0", firstId, options),
  ];
  let time: number;
  try {
    time = await seconds(work);
  } finally {
    for (const each of writers) await each.stop();
  }
  for (const [index, table] of ["big", "part0"].entries()) {
    const ids = await citus.sql("coordinator", `SELECT id FROM ${table} WHERE id >= ${firstId}`);
    const present = ids.split("\n").map(Number);
    const there = new Set(present);
    const acknowledged = writers[index]?.acknowledged ?? [];
    const lost = acknowledged.filter((id) => !there.has(Number(id)));
    if (lost.length > 0) throw new Error(`${table}: ${lost.length} acknowledged rows are lost`);
    if (there.size < present.length)
      throw new Error(`${table}: ${present.length - there.size} rows are there twice`);
  }
  return {
    seconds: time,
    stall: Math.max(...writers.map(({ longest }) => longest)),
    errors: writers.reduce((sum, { errors }) => sum + errors.length, 0),
  };
}

async function leave(citus: CitusContainers): Promise<void> {
  const staying = await citus.cluster(WORKERS.slice(0, -1));
  const run = await citus.launch(staying, {}, ["leave", "--node", "local/w3"]);
  const { code, output } = await run.ended;
  if (code !== 0) throw new Error(`The removal failed:\n${output}`);
}

async function drainNode(citus: CitusContainers): Promise<void> {
  await citus.sql("coordinator", `SELECT citus_drain_node('${citus.container("w3")}', 5432)`);
}

/** The worker back in the cluster, with its share of the shards. */
async function restore(citus: CitusContainers, way: (typeof ORDER)[number]): Promise<void> {
  await citus.sql("coordinator", "CALL citus_cleanup_orphaned_resources()");
  if (way === "ours") {
    await citus.remove("w3");
    await citus.removeVolume("w3");
    await start(citus, "w3");
    await register(citus);
  } else {
    const node = `'${citus.container("w3")}', 5432`;
    await citus.sql("coordinator", `SELECT citus_set_node_property(${node}, 'shouldhaveshards', true)`);
  }
  const mode = "threshold => 0, shard_transfer_mode => 'block_writes'";
  await citus.sql("coordinator", `SELECT rebalance_table_shards(${mode})`);
  await citus.sql("coordinator", "CALL citus_cleanup_orphaned_resources()");
  await citus.sql("coordinator", "CHECKPOINT");
}
