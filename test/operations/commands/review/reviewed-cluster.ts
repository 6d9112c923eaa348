import { expect } from "vitest";
import type { Environment } from "../../../../model/environment";
import type { Parts } from "../../../../testbed/parts";
import type { Testbed } from "../../../../testbed/testbed";
import { DeployedProject } from "../../../e2e/deployed-project";
import type { CommandResult, Deployment } from "../../../e2e/deployment";
import { expectShape } from "../../../fixtures/json-shape";
import { RecoverCluster, docker } from "../../change/recover/recover-cluster";

/** What `review --json` says, as far as it is compared. */
export interface ReviewReport {
  readonly refused: boolean;
  readonly refusals: readonly { code: string; nodes: string[]; what: string }[];
  readonly nodes: readonly {
    id: string;
    fate: string;
    statement: string;
    changes: { name: string; before: string | null; after: string | null }[];
  }[];
  readonly others: readonly { address: string; action: string }[];
  readonly plan: { file: string };
  readonly live: Live;
}

interface Live {
  readonly asked: boolean;
  readonly leaving: readonly {
    id: string;
    registered: boolean;
    refused: boolean;
    shards: number;
    bytes: number;
    to: { node: string; shards: number }[];
    seconds: number;
  }[];
  readonly room: readonly { server: string; before: number; after: number }[];
  readonly sessions: readonly { node: string; count: number }[];
}

interface Seen {
  readonly id: string;
  readonly startedAt: string;
  readonly running: boolean;
  readonly memory: number;
}

/** A drain takes at most so many times what was estimated, or the other way round; of the seconds of a start on top. */
const FACTOR = 3;
const START_SECONDS = 5;

/** What Citus takes to move a small shard on an idle machine; see operations/change/rebalance/estimate.ts. */
const SECONDS_PER_MOVE = 1.4;

/** Of its table `public.event`. */
const ROWS = 500;

/** The Docker hosts of a cluster, by their ids. */
interface Servers {
  readonly ids: () => string[];
  docker(id: string, ...args: string[]): Promise<string>;
}

/**
 * A cluster whose changes are reviewed and applied: what the review says of each node is compared with what became of that
 * node's container and volume.
 */
export class ReviewedCluster {
  /** Nodes that there were: one that comes again has its volume. */
  private readonly known = new Set<string>();

  /** On the local engine, with two workers. */
  static async create(parts: Parts): Promise<ReviewedCluster> {
    const cluster = await RecoverCluster.create(parts);
    const environment = cluster.environment({
      ephemeral: false,
      workers: { local: { worker1: {}, worker2: {} } },
    });
    const local: Servers = { ids: () => ["local"], docker: (_id, ...args) => docker(...args) };
    return new ReviewedCluster(cluster, local, environment, () => cluster.destroy());
  }

  /** On the hosts of a testbed, also those that it gets later; who has made the testbed stops it. */
  static on(parts: Parts, bed: Testbed, environment: Environment): ReviewedCluster {
    const project = new DeployedProject(parts, environment);
    const servers: Servers = {
      ids: () => Object.keys(bed.hosts),
      docker: async (id, ...args) => (await bed.hosts[id]?.docker(...args)) ?? "",
    };
    return new ReviewedCluster(project, servers, environment, () =>
      Promise.resolve(project.deployment.remove()),
    );
  }

  private constructor(
    private readonly project: DeployedProject,
    private readonly servers: Servers,
    /** As it is declared next. */
    public environment: Environment,
    private readonly remove: () => Promise<void>,
  ) {
    this.declare(environment);
  }

  get name(): string {
    return this.deployment.cluster.name;
  }

  get deployment(): Deployment {
    return this.project.deployment;
  }

  declare(environment: Environment): void {
    this.project.declare(environment);
  }

  run(command: string, ...args: string[]): Promise<CommandResult & { stdout: string }> {
    return this.project.run(command, ...args);
  }

  destroy(): Promise<void> {
    return this.remove();
  }

  /**
   * Makes the table whose rows every apply must keep.
   *
   * @param shards of it
   */
  async fill(shards = 4): Promise<void> {
    await this.deployment.query("CREATE TABLE public.event (id bigint PRIMARY KEY)");
    await this.deployment.query(
      `SELECT create_distributed_table('public.event', 'id', shard_count => ${shards})`,
    );
    await this.deployment.query(`INSERT INTO public.event SELECT generate_series(1, ${ROWS})`);
  }

  /**
   * Declares the environment, reviews, applies, and compares.
   *
   * @param expected what happens to which node; nothing to all others
   * @param read is given what the apply prints
   */
  async expectApply(
    expected: Readonly<Record<string, string>>,
    read: (output: string) => void = () => undefined,
  ): Promise<ReviewReport> {
    this.declare(this.environment);
    const { report, exitCode } = await this.review();
    expect(exitCode, JSON.stringify(report.refusals)).toBe(0);
    expect(fates(report)).toEqual(expected);
    const [before, kept] = [await this.containers(), await this.volumes()];
    read(await this.deployment.applied());
    expect(this.whatHappened(before, await this.containers())).toEqual(expected);
    const lost = kept.filter((volume) => !volume.endsWith("-archive"));
    const now = await this.volumes();
    const gone = Object.entries(expected).filter(([, fate]) => fate === "leaves");
    expect(lost.filter((volume) => !now.includes(volume))).toHaveLength(gone.length);
    // Of a container that is only started, nobody waits until its server answers.
    await expect.poll(() => this.rows(), { timeout: 120_000, interval: 500 }).toBe(ROWS);
    expect(await this.reviewed()).toEqual({});
    return report;
  }

  /**
   * Of an apply that emptied workers: that their shards went to where the review says, in the time that it says. Several are
   * emptied one after the other. To be called after a `balance` that moved something, by which it knows how slow the machine is.
   *
   * @param output of the apply
   * @param before shards by the ids of their nodes, as `shardsById` gave them
   */
  async expectMoves(live: Live, output: string, before: Readonly<Record<string, number>>): Promise<void> {
    const leaving = live.leaving.filter(({ registered }) => registered);
    const took = Math.max(...leaving.map(({ id }) => destroySeconds(output, id)));
    const foreseen = sum(leaving.map(({ seconds }) => seconds));
    const slowness = await this.slowness();
    expect(took).toBeLessThan((foreseen * FACTOR + START_SECONDS * leaving.length) * slowness);
    expect(took * FACTOR + START_SECONDS * leaving.length).toBeGreaterThan(foreseen);
    for (const { id, shards } of leaving) expect({ id, shards }).toEqual({ id, shards: before[id] ?? 0 });
    const gains = new Map<string, number>();
    for (const { node, shards } of leaving.flatMap(({ to }) => to))
      gains.set(node, (gains.get(node) ?? 0) + shards);
    const after = await this.shardsById();
    const gained = Object.entries(after).flatMap(([id, shards]): [string, number][] =>
      shards === (before[id] ?? 0) ? [] : [[id, shards - (before[id] ?? 0)]],
    );
    expect(Object.fromEntries(gained)).toEqual(Object.fromEntries(gains));
  }

  /** Has Citus spread the shards over all workers. */
  async balance(): Promise<void> {
    await this.deployment.query("SELECT citus_rebalance_start()");
    await this.deployment.query("SELECT citus_rebalance_wait()");
  }

  /** How many times as long as on an idle machine the moves of the last rebalance took. */
  private async slowness(): Promise<number> {
    const [job] = await this.deployment.query<{ seconds: number }>(
      `SELECT extract(epoch FROM j.finished_at - j.started_at)::float8 / count(*) AS seconds
         FROM pg_dist_background_job j JOIN pg_dist_background_task USING (job_id)
        WHERE j.state = 'finished' GROUP BY job_id, j.finished_at, j.started_at ORDER BY job_id DESC LIMIT 1`,
    );
    return Math.max(1, (job?.seconds ?? 0) / SECONDS_PER_MOVE);
  }

  /** Shards of distributed tables by the ids of the nodes that have them. */
  async shardsById(): Promise<Record<string, number>> {
    const counted = await this.deployment.query<{ id: string; shards: number }>(
      `SELECT n.id, count(*)::int AS shards
         FROM pg_dist_placement p JOIN pg_dist_shard s USING (shardid)
         JOIN pg_dist_partition t USING (logicalrelid) JOIN pgdist.node n USING (groupid)
        WHERE t.partmethod = 'h' GROUP BY 1`,
    );
    return Object.fromEntries(counted.map(({ id, shards }) => [id, shards]));
  }

  /** What the review says of each node that changes. */
  async reviewed(): Promise<Record<string, string>> {
    return fates((await this.review()).report);
  }

  async review(): Promise<{ report: ReviewReport; exitCode: number | null }> {
    const { stdout, exitCode, output } = await this.run("review", "--json");
    expect(output).not.toContain(this.deployment.password);
    return { report: expectShape<ReviewReport>("review", stdout), exitCode };
  }

  /** The cluster's containers by their node ids. */
  async containers(): Promise<Record<string, Seen>> {
    const all = await this.named("ps", "--all", "--format", "{{.Names}}", "--filter", `name=^${this.name}-`);
    const seen = await Promise.all(
      all.map(async ({ host, name }): Promise<[string, Seen]> => {
        const [found] = JSON.parse(await this.servers.docker(host, "inspect", name)) as {
          Id: string;
          State: { StartedAt: string; Running: boolean };
          HostConfig: { Memory: number };
        }[];
        if (found === undefined) throw new Error(`${name} is gone`);
        const { StartedAt: startedAt, Running: running } = found.State;
        return [this.idOf(host, name), { id: found.Id, startedAt, running, memory: found.HostConfig.Memory }];
      }),
    );
    return Object.fromEntries(seen);
  }

  /** The cluster's volumes by the ids of their nodes, `local/worker1` and `local/worker1-archive`. */
  async volumes(): Promise<string[]> {
    const args = ["volume", "ls", "--format", "{{.Name}}", "--filter", `name=${this.name}-`];
    return (await this.named(...args)).map(({ host, name }) => this.idOf(host, name)).sort();
  }

  private async named(...args: string[]): Promise<{ host: string; name: string }[]> {
    const lists = await Promise.all(
      this.servers.ids().map(async (host) => {
        const names = (await this.servers.docker(host, ...args)).split("\n").filter(Boolean);
        return names.map((name) => ({ host, name }));
      }),
    );
    return lists.flat();
  }

  private idOf(host: string, name: string): string {
    return `${host}/${name.slice(this.name.length + 1)}`;
  }

  /** What the cluster's table holds; undefined while a node doesn't answer yet. */
  private async rows(): Promise<number | undefined> {
    const sql = "SELECT count(*)::int AS rows FROM public.event";
    const [row] = await this.deployment.query<{ rows: number }>(sql).catch(() => []);
    return row?.rows;
  }

  /** In the words of a review, by the containers alone. */
  private whatHappened(
    before: Readonly<Record<string, Seen>>,
    after: Readonly<Record<string, Seen>>,
  ): Record<string, string> {
    const ids = [...new Set([...Object.keys(before), ...Object.keys(after), ...this.known])].sort();
    return Object.fromEntries(
      ids.flatMap((id) => {
        const [old, now] = [before[id], after[id]];
        if (old === undefined && now === undefined) return [];
        if (now === undefined) return [[id, "leaves"]];
        if (old === undefined) return [[id, this.known.has(id) ? "returns" : "joins"]];
        this.known.add(id);
        if (old.id !== now.id) return [[id, "replaced"]];
        if (!old.running && now.running) return [[id, "starts"]];
        if (old.startedAt !== now.startedAt) return [[id, "restarted"]];
        return old.memory === now.memory ? [] : [[id, "updated"]];
      }),
    );
  }
}

function fates({ nodes }: ReviewReport): Record<string, string> {
  return Object.fromEntries(
    nodes.filter(({ fate }) => fate !== "unchanged").map(({ id, fate }) => [id, fate]),
  );
}

/** How long Terraform says that a worker's removal took. */
function destroySeconds(output: string, id: string): number {
  const [, minutes = "0", seconds] =
    new RegExp(`membership\\["${id}"\\]: Destruction complete after (?:(\\d+)m)?(\\d+)s`).exec(output) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
