import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STEP } from "../../model/contract/terraform-address";
import type { Environment } from "../../model/environment";
import { type TerraformState, membersIn } from "../../model/terraform-state";
import { type Parts, findParts } from "../../testbed/parts";
import { StateDatabase } from "../fixtures/state-database";
import { expectShape } from "../fixtures/json-shape";
import { RecoverCluster, docker } from "../operations/change/recover/recover-cluster";

type State = Required<TerraformState>;

const NODES = ["local/coordinator", "local/worker1", "local/worker2"];

/** A cluster whose state a PostgreSQL server keeps: everything that reads or changes a state, and two at once. */
describe("a state in PostgreSQL", () => {
  let parts: Parts;
  let database: StateDatabase;
  let cluster: RecoverCluster;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    database = await StateDatabase.start();
    cluster = await RecoverCluster.create({ ...parts, env: { ...parts.env, ...database.env } });
    declare({ workers: { local: { worker1: {}, worker2: {} } } });
  });
  afterAll(async () => {
    await cluster?.destroy();
    await database?.destroy();
    await parts?.stop();
  });

  function declare(more: Partial<Environment>): void {
    cluster.declare(
      cluster.environment({ backend: { type: "pg", config: { schema_name: schema() } }, ...more }),
    );
  }

  const schema = () => cluster.name.replace("-", "_");

  /** In the database, as Terraform keeps it. */
  async function readState(): Promise<State | undefined> {
    const [row] = await database.query<{ data: string }>(`SELECT data FROM ${schema()}.states`);
    return row === undefined ? undefined : (JSON.parse(row.data) as State);
  }

  async function loseState(): Promise<void> {
    await database.query(`DELETE FROM ${schema()}.states`);
  }

  /** Loses the memberships alone. */
  async function loseMemberships(): Promise<void> {
    const state = await readState();
    const resources = state?.resources.filter(({ name }) => name !== STEP.membership);
    await database.query(`UPDATE ${schema()}.states SET data = $1`, [
      JSON.stringify({ ...state, resources }),
    ]);
  }

  /** Ids of the nodes that would be drained before they go. */
  async function members(): Promise<string[]> {
    return membersIn((await readState()) ?? {});
  }

  async function applied(...review: string[]): Promise<string> {
    const reviewed = await cluster.run("review", ...review);
    expect(reviewed.exitCode, reviewed.output).toBe(0);
    const done = await cluster.run("apply");
    expect(done.exitCode, done.output).toBe(0);
    return done.output;
  }

  it("is made there by the first apply, and nowhere else; the stack has no secret of it", async () => {
    await applied();
    expect((await readState())?.resources.map(({ type }) => type)).toContain("docker_container");
    expect(existsSync(cluster.stateFile)).toBe(false);
    const stack = readFileSync(join(cluster.deployment.stackFolder, "cdk.tf.json"), "utf8");
    expect(stack).toContain(`"schema_name": "${schema()}"`);
    expect(stack).not.toContain(database.env.PG_CONN_STR);
    expect(await cluster.deployment.plan()).toEqual([]);
    await cluster.deployment.query("CREATE TABLE public.event (id bigint PRIMARY KEY)");
    await cluster.deployment.query("SELECT create_distributed_table('public.event', 'id', shard_count => 8)");
    await cluster.deployment.query("INSERT INTO public.event SELECT generate_series(1, 500)");
  });

  it("is locked while another apply runs: who, since when and what to do is said by all that change it", async () => {
    declare({ workers: { local: { worker1: {}, worker2: {} } }, memory: 700 });
    expect((await cluster.run("review")).exitCode).toBe(0);
    const sentence =
      /another Terraform holds the lock of this state: postgres from [\d.]+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: wait until it ends; the lock is released with its session: if that is dead, SELECT pg_terminate_backend\((\d+)\) in the database that has the state ends it\n$/;
    let pid = "";
    await cluster.whileLocked(async () => {
      for (const command of [["apply"], ["review"], ["recover", "--yes"]] as const) {
        const [name, ...rest] = command;
        const { exitCode, output } = await cluster.run(name, ...rest);
        expect(output).toMatch(sentence);
        expect(exitCode).toBe(1);
        pid = sentence.exec(output)?.[1] ?? "";
      }
      // Who only looks needs no lock.
      const drift = await cluster.run("drift");
      expect([0, 3], drift.output).toContain(drift.exitCode);
      expect(drift.output).not.toContain("lock");
      // A plain deploy prints what Terraform has to say, which with this backend is about itself.
      const plain = await cluster.deployment.apply();
      expect(plain.output).toContain("Error message: Workspace is already locked: default");
      expect(plain.exitCode).toBe(1);
      // What the sentence advises for one that is dead.
      await database.query("SELECT pg_terminate_backend($1::int)", [Number(pid)]);
      await applied();
    });
    expect(await cluster.deployment.plan()).toEqual([]);
  });

  it("lets one of two applies at once through", async () => {
    declare({ workers: { local: { worker1: {}, worker2: {} } }, memory: 720 });
    expect((await cluster.run("review")).exitCode).toBe(0);
    const both = await Promise.all([cluster.run("apply"), cluster.run("apply")]);
    const [winner, loser] = both.sort((a, b) => Number(a.exitCode) - Number(b.exitCode));
    expect(winner?.exitCode, winner?.output).toBe(0);
    expect(loser?.exitCode).not.toBe(0);
    // Where the first was through before the second came so far, its plan is old.
    expect(loser?.output).toMatch(
      /another Terraform holds the lock of this state|the state was changed since/,
    );
    expect(await cluster.deployment.plan()).toEqual([]);
  });

  it("is made again when it is lost, with no container restarted", async () => {
    const before = await cluster.starts();
    await loseState();
    const recovered = await cluster.recover("--yes", "--json");
    expect(recovered.exitCode, recovered.output).toBe(0);
    expect(expectShape<object>("recover", recovered.stdout)).toMatchObject({
      outcome: "done",
      unsafe: false,
    });
    await cluster.deployment.applied();
    expect(await cluster.deployment.plan()).toEqual([]);
    expect(await cluster.starts()).toEqual(before);
  });

  it("has the memberships again although a container is missing, so that a worker that is dropped then is drained", async () => {
    await docker("rm", "--force", cluster.node("worker1"));
    await loseState();
    const recovered = await cluster.recover("--yes", "--json");
    expect(recovered.exitCode, recovered.output).toBe(0);
    expect(expectShape<object>("recover", recovered.stdout)).toMatchObject({
      outcome: "done",
      unsafe: false,
    });
    expect(await members()).toEqual(NODES.filter((id) => id !== "local/worker1"));

    // By a plain deploy, which asks nobody before. Its drain wants every node that stays: so it stops with all in place.
    declare({ workers: { local: { worker1: {} } }, memory: 720 });
    const dropped = await cluster.deployment.apply();
    expect(dropped.exitCode, dropped.output).toBe(1);
    expect(dropped.output).toMatch(/local\/worker2 was not removed: local\/worker1: it does not answer/);
    expect(await members()).toContain("local/worker2");
    expect(await cluster.list("volume")).toHaveLength(6);
    // As it advises.
    await cluster.deployment.run("apply", "-auto-approve", "-target=docker_container.local_worker1");
    expect(await cluster.deployment.applied()).toContain("local/worker2: removed from the cluster");
    expect(await cluster.list("volume")).toHaveLength(4);
    expect(await cluster.deployment.query("SELECT count(*)::int FROM public.event")).toEqual([
      { count: 500 },
    ]);

    declare({ workers: { local: { worker1: {}, worker2: {} } }, memory: 720 });
    await cluster.deployment.applied();
  });

  it("refuses to review, apply or add a worker that nothing would drain, and has what drains it put back", async () => {
    await loseMemberships();
    const added = await cluster.run("add", "local/worker2");
    expect(added.output).toMatch(
      /local\/worker2 is not yet a member to Terraform: its state has the container/,
    );
    expect(added.exitCode).toBe(4);

    declare({ workers: { local: { worker1: {} } }, memory: 720 });
    const reviewed = await cluster.run("review");
    expect(reviewed.output).toMatch(
      /local\/worker2: the data volume is destroyed; nothing is moved away first/,
    );
    expect(reviewed.exitCode).toBe(4);

    declare({ workers: { local: { worker1: {}, worker2: {} } }, memory: 720 });
    const planned = await cluster.recover("--json");
    expect(expectShape<object>("recover", planned.stdout)).toMatchObject({
      ...{ outcome: "planned", actions: [] },
      memberships: NODES,
    });
    const recovered = await cluster.recover("--yes");
    expect(recovered.exitCode, recovered.output).toBe(0);
    expect(await members()).toEqual(NODES);
    expect(await cluster.deployment.plan()).toEqual([]);
  });

  it("lets a worker go, drained, and the whole cluster", async () => {
    declare({ workers: { local: { worker1: {} } }, memory: 720 });
    expect(await applied()).toContain("local/worker2: emptied, and removed from the cluster");
    expect(await cluster.deployment.query("SELECT count(*)::int FROM public.event")).toEqual([
      { count: 500 },
    ]);
    // Another folder, as a job's: what isn't in the stack comes from the database.
    rmSync(join(cluster.deployment.stackFolder, ".terraform"), { recursive: true });
    const drift = await cluster.run("drift");
    expect(drift.exitCode, drift.output).toBe(0);
    const destroyed = await cluster.deployment.destroy({ PGDIST_DESTROY: cluster.name });
    expect(destroyed.exitCode, destroyed.output).toBe(0);
    expect((await readState())?.resources).toEqual([]);
    expect(await cluster.list("volume")).toEqual([]);
  });
});
