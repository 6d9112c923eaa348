import { expect } from "vitest";
import type { Environment } from "../../../../model/environment";
import type { Parts } from "../../../../testbed/parts";
import type { CommandResult, Deployment } from "../../../e2e/deployment";
import { expectShape } from "../../../fixtures/json-shape";
import { RecoverCluster, docker } from "../../change/recover/recover-cluster";

/** What `review --json` says, as far as it is compared. */
export interface ReviewReport {
  readonly refused: boolean;
  readonly refusals: readonly { code: string; nodes: string[]; what: string }[];
  readonly nodes: readonly { id: string; fate: string; changes: { name: string }[] }[];
  readonly plan: { file: string };
  readonly live: Live;
}

interface Live {
  readonly asked: boolean;
  readonly leaving: readonly {
    id: string;
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

/** Of its table `public.event`. */
const ROWS = 500;

/**
 * A cluster whose changes are reviewed and applied: what the review says of each node is compared with what became of that
 * node's container and volume.
 */
export class ReviewedCluster {
  /** As it is declared next. */
  environment: Environment;

  /** Nodes that there were: one that comes again has its volume. */
  private readonly known = new Set<string>();

  static async create(parts: Parts): Promise<ReviewedCluster> {
    return new ReviewedCluster(await RecoverCluster.create(parts));
  }

  private constructor(private readonly cluster: RecoverCluster) {
    this.environment = cluster.environment({
      ephemeral: false,
      workers: { local: { worker1: {}, worker2: {} } },
    });
    this.declare(this.environment);
  }

  get name(): string {
    return this.cluster.name;
  }

  get deployment(): Deployment {
    return this.cluster.deployment;
  }

  declare(environment: Environment): void {
    this.cluster.declare(environment);
  }

  run(command: string, ...args: string[]): Promise<CommandResult & { stdout: string }> {
    return this.cluster.run(command, ...args);
  }

  destroy(): Promise<void> {
    return this.cluster.destroy();
  }

  /** Makes the table whose rows every apply must keep. */
  async fill(): Promise<void> {
    await this.deployment.query("CREATE TABLE public.event (id bigint PRIMARY KEY)");
    await this.deployment.query("SELECT create_distributed_table('public.event', 'id', shard_count => 4)");
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

  /** What the review says of each node that changes. */
  async reviewed(): Promise<Record<string, string>> {
    return fates((await this.review()).report);
  }

  async review(): Promise<{ report: ReviewReport; exitCode: number | null }> {
    const { stdout, exitCode, output } = await this.run("review", "--json");
    expect(output).not.toContain(this.deployment.password);
    return { report: expectShape<ReviewReport>("review", stdout), exitCode };
  }

  /** Shards by the endpoint of the node that has them. */
  async shardsByNode(): Promise<Record<string, number>> {
    const counted = await this.deployment.query<{ node: string; shards: number }>(
      "SELECT nodename || nodeport AS node, count(*)::int AS shards FROM citus_shards GROUP BY 1",
    );
    return Object.fromEntries(counted.map(({ node, shards }) => [node, shards]));
  }

  /** The cluster's containers by their node ids. */
  async containers(): Promise<Record<string, Seen>> {
    const names = (await docker("ps", "--all", "--format", "{{.Names}}", "--filter", `name=^${this.name}-`))
      .split("\n")
      .filter(Boolean);
    const all = await Promise.all(
      names.map(async (name): Promise<[string, Seen]> => {
        const [found] = JSON.parse(await docker("inspect", name)) as {
          Id: string;
          State: { StartedAt: string; Running: boolean };
          HostConfig: { Memory: number };
        }[];
        if (found === undefined) throw new Error(`${name} is gone`);
        const { StartedAt: startedAt, Running: running } = found.State;
        return [
          `local/${name.slice(this.name.length + 1)}`,
          { id: found.Id, startedAt, running, memory: found.HostConfig.Memory },
        ];
      }),
    );
    return Object.fromEntries(all);
  }

  async volumes(): Promise<string[]> {
    const names = await docker("volume", "ls", "--format", "{{.Name}}", "--filter", `name=${this.name}-`);
    return names.split("\n").filter(Boolean).sort();
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
