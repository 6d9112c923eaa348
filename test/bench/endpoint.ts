import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../../model/environment";
import type { Session } from "../../operations/cluster/connection/session";
import { Deployment } from "../e2e/deployment";
import { hostOptions } from "../e2e/production-hosts";
import type { Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { range, seconds } from "./measure";

const HOSTS = ["server-a", "server-b"];
const PORTS = [5500, 5510, 5520, 5530];
/** Of one writer in one run. */
const IDS = 20_000;

/**
 * A worker gets another port: its container is replaced on its volume, and citus_update_node follows. How long clients wait
 * for rows of that worker and of another one, against a plain restart of the same container.
 */
export async function benchEndpoint(parts: Parts): Promise<void> {
  const bed = await Testbed.start({ hosts: HOSTS, parts });
  const deployment = new Deployment(environmentOf(bed, PORTS[0] ?? 0), parts.env, parts.terraform.path);
  try {
    await deployment.applied();
    await deployment.query("CREATE TABLE public.item (id bigint PRIMARY KEY)");
    await deployment.query("SELECT create_distributed_table('public.item', 'id', shard_count => 8)");
    const stalls = { restarted: [] as number[], moved: [] as number[], other: [] as number[] };
    let firstId = 1;
    const next = () => (firstId += 2 * IDS * 4) - 2 * IDS * 4;
    for (const port of PORTS.slice(1)) {
      const restart = await whileWriting(deployment, next(), async () => {
        await bed.hosts["server-b"]?.docker("restart", "--time", "120", "citus-worker1");
        await sleep(2000);
      });
      stalls.restarted.push(restart.moved);
      deployment.synth(environmentOf(bed, port));
      let time = 0;
      const move = await whileWriting(deployment, next(), async () => {
        time = await seconds(() => deployment.applied());
      });
      stalls.moved.push(move.moved);
      stalls.other.push(move.other);
      console.log(
        `  to port ${port}: apply ${time.toFixed(1)} s; rows of this worker waited ${move.moved.toFixed(2)} s, of the other one ` +
          `${move.other.toFixed(2)} s; restarted: ${restart.moved.toFixed(2)} s`,
      );
    }
    console.log(`  ratio ${(sum(stalls.moved) / sum(stalls.restarted)).toFixed(2)} of a restart's stall;`);
    console.log(
      `  longest stall of the worker ${range(stalls.moved, 2)} s, of the other one ${range(stalls.other, 2)} s`,
    );
  } finally {
    await bed.stop();
    deployment.remove();
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function environmentOf(bed: Testbed, port: number): Environment {
  return {
    name: "bench",
    hosts: Object.fromEntries(HOSTS.map((id) => [id, hostOptions(bed, id)])),
    coordinator: { host: "server-a" },
    workers: { "server-b": { worker1: { port }, worker2: { port: 5501 } } },
    ephemeral: true,
  };
}

/** Longest times without an acknowledged row, in seconds, on `server-b/worker1` and on the other worker. */
async function whileWriting(
  deployment: Deployment,
  firstId: number,
  work: () => Promise<void>,
): Promise<{ moved: number; other: number }> {
  const ids = await idsByWorker(deployment, firstId);
  const writers = await Promise.all(ids.map(async (each) => new Writer(await deployment.session(), each)));
  await sleep(500);
  await work();
  const [moved = NaN, other = NaN] = await Promise.all(writers.map((writer) => writer.stop()));
  return { moved, other };
}

async function idsByWorker(deployment: Deployment, firstId: number): Promise<[string[], string[]]> {
  const rows = await deployment.query<{ id: string; moved: boolean }>(
    `SELECT i::text AS id, r.id = 'server-b/worker1' AS moved
       FROM generate_series(${firstId}, ${firstId + 2 * IDS}) i
       JOIN pg_dist_placement p ON p.shardid = get_shard_id_for_distribution_column('public.item', i)
       JOIN pg_dist_node n ON n.groupid = p.groupid JOIN pgdist.node r ON r.nodeid = n.nodeid`,
  );
  const of = (moved: boolean) => rows.filter((row) => row.moved === moved).map(({ id }) => id);
  return [of(true), of(false)];
}

/** Inserts row by row, each until it is acknowledged. */
class Writer {
  private longest = 0;
  private running = true;
  private readonly ended: Promise<void>;

  constructor(
    private readonly session: Session,
    private readonly ids: readonly string[],
  ) {
    this.ended = this.write();
  }

  private async write(): Promise<void> {
    let acknowledged = performance.now();
    for (const id of this.ids) {
      while (this.running) {
        const done = await this.session
          .query("INSERT INTO public.item VALUES ($1) ON CONFLICT DO NOTHING", [id])
          .then(
            () => true,
            () => false,
          );
        const now = performance.now();
        if (done) {
          this.longest = Math.max(this.longest, now - acknowledged);
          acknowledged = now;
          break;
        }
        await sleep(10);
      }
      if (!this.running) break;
      await sleep(5);
    }
    this.longest = Math.max(this.longest, performance.now() - acknowledged);
  }

  /** @returns the longest time without an acknowledged row, in seconds */
  async stop(): Promise<number> {
    this.running = false;
    await this.ended;
    await this.session.end();
    return this.longest / 1000;
  }
}
