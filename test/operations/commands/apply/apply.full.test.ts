import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../../../model/environment";
import { findParts, type Parts } from "../../../../testbed/parts";
import { expectShape } from "../../../fixtures/json-shape";
import { RecoverCluster, docker } from "../../change/recover/recover-cluster";

interface Applied {
  readonly allowed: string | null;
  readonly changes: readonly { kind: string; node: string | null; action: string }[];
}

interface Failed {
  readonly failure: { readonly summary: string; readonly remedy: string; readonly detail: readonly string[] };
}

/** One cluster that is reviewed and applied, and what keeps an apply from it. */
describe("an apply of what was reviewed", () => {
  let parts: Parts;
  let cluster: RecoverCluster;
  let environment: Environment;
  let elsewhere = "";

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    cluster = await RecoverCluster.create(parts);
    elsewhere = mkdtempSync(join(tmpdir(), "pg-dist-artifact-"));
    declare(cluster.environment({ rollout: "refuse", workers: { local: { worker1: {}, worker2: {} } } }));
  });

  afterAll(async () => {
    await cluster?.destroy();
    await parts?.stop();
    if (elsewhere !== "") rmSync(elsewhere, { recursive: true });
  });

  const plan = () => join(cluster.deployment.stackFolder, "reviewed.plan");

  function declare(wanted: Environment): void {
    environment = wanted;
    cluster.declare(wanted);
  }

  it("is refused without a plan, and without a review of it", async () => {
    const none = await cluster.run("apply");
    expect(none.exitCode).toBe(2);
    expect(none.output).toMatch(/there is no plan .*reviewed\.plan: make it: `npx pg-dist review/);
    await cluster.deployment.run("plan", `-out=${plan()}`);
    expect(await refusal()).toMatchObject({
      summary: expect.stringMatching(/^the plan was not reviewed/) as string,
    });
    expect(await cluster.list("container")).toEqual([]);
  });

  it("is the first deploy, each thing told by its node", async () => {
    await reviewed();
    expect(statSync(`${plan()}.review.json`).mode & 0o777).toBe(0o600);
    expect(readFileSync(`${plan()}.review.json`, "utf8")).not.toContain(cluster.deployment.password);
    const { exitCode, stdout, output } = await cluster.run("apply");
    expect(exitCode, output).toBe(0);
    for (const line of [
      /local: network created \(\d+ s\)/,
      /local\/worker1: data volume created/,
      /local\/coordinator: container created \(\d+ s\)/,
      /local\/worker2: added as node \d+/,
      /registration: every node is registered, and its metadata verified/,
      /applied as reviewed: 16 changes\n$/,
    ])
      expect(stdout).toMatch(line);
    expect(output).not.toContain(cluster.deployment.password);
    await cluster.deployment.query("CREATE TABLE public.event (id bigint PRIMARY KEY)");
    await cluster.deployment.query("SELECT create_distributed_table('public.event', 'id', shard_count => 4)");
    await cluster.deployment.query("INSERT INTO public.event SELECT generate_series(1, 500)");
  });

  it("is refused a second time: the cluster answers now", async () => {
    expect((await refusal()).summary).toMatch(
      /^not applied: the cluster could not be queried at the review \(.*\), and answers now$/,
    );
  });

  it("is memory, in place", async () => {
    declare({ ...environment, memory: 768 });
    await reviewed();
    const before = await cluster.starts();
    const { changes } = await applied();
    expect(changes.map(({ node, kind, action }) => [node, kind, action]).sort()).toEqual(
      ["coordinator", "worker1", "worker2"].map((name) => [`local/${name}`, "container", "update"]),
    );
    expect(await cluster.starts()).toEqual(before);
  });

  it("is a worker more, of a plan that came from elsewhere with its record", async () => {
    declare({ ...environment, workers: { local: { worker1: {}, worker2: {}, worker3: {} } } });
    await reviewed();
    const file = join(elsewhere, "approved.plan");
    copyFileSync(plan(), file);
    expect((await refusal(file)).summary).toMatch(/^the plan was not reviewed/);
    copyFileSync(`${plan()}.review.json`, `${file}.review.json`);
    const { changes } = await applied(file);
    expect(changes).toContainEqual(
      expect.objectContaining({ node: "local/worker3", kind: "container", action: "create" }),
    );
    expect(await cluster.deployment.plan()).toEqual([]);
  });

  it("is refused with every difference where a shard was moved and a node died, and is none where a table came", async () => {
    declare({ ...environment, memory: 800 });
    await reviewed();
    await cluster.deployment.query("CREATE TABLE public.tonight (id bigint PRIMARY KEY)");
    await cluster.deployment.query(
      "SELECT create_distributed_table('public.tonight', 'id', shard_count => 4, colocate_with => 'none')",
    );
    const [shard] = await cluster.deployment.query<{ id: string; host: string; port: number }>(
      `SELECT s.shardid::text AS id, s.nodename AS host, s.nodeport AS port FROM pg_dist_shard_placement s
        JOIN pg_dist_shard d USING (shardid)
        WHERE d.logicalrelid = 'public.event'::regclass AND s.nodename LIKE '%-worker1' ORDER BY 1 LIMIT 1`,
    );
    const to = cluster.node("worker3");
    const move = (source: string, target: string) =>
      cluster.deployment.query(
        `SELECT citus_move_shard_placement(${shard?.id}, '${source}', 5432, '${target}', 5432, 'block_writes')`,
      );
    await move(shard?.host ?? "", to);
    await docker("stop", cluster.node("worker2"));
    const { summary, detail, remedy } = await refusal();
    expect(summary).toMatch(
      /^not applied: local\/worker2 answered then, and doesn't now: .* \(and 1 more, above\)$/,
    );
    expect(detail).toEqual([
      expect.stringMatching(/^local\/worker2 answered then, and doesn't now: .*exited/) as string,
      `local/worker1: shard of public.event (${shard?.id}) has been moved to local/worker3 since`,
    ]);
    expect(remedy).toBe(`review again: \`npx pg-dist review ${cluster.name}\``);

    // All as it was again: it is the same cluster, with a table more.
    await docker("start", cluster.node("worker2"));
    await expect.poll(() => healthy("worker2"), { timeout: 60_000, interval: 500 }).toBe(true);
    await move(to, shard?.host ?? "");
    const { changes } = await applied();
    expect(changes.map(({ action }) => action)).toEqual(["update", "update", "update", "update"]);
  });

  it("is refused where another apply came in between", async () => {
    declare({ ...environment, memory: 820 });
    await reviewed();
    await cluster.deployment.applied();
    expect((await refusal()).summary).toMatch(
      /^the state was changed since the plan was made: by another apply/,
    );
  });

  it("is refused where the environment, the plan's file or the password is another one, all in one go", async () => {
    await reviewed();
    const whole = readFileSync(plan());
    writeFileSync(plan(), Buffer.concat([whole, Buffer.from("x")]));
    cluster.declare({ ...environment, memory: 900 });
    const { exitCode, stdout } = await cluster.launch(["apply", cluster.name, "--json"], {
      TF_VAR_postgres_password: "another-one",
    }).ended;
    expect(exitCode).toBe(4);
    const { failure } = expectShape<Failed>("failure", stdout);
    expect(failure.detail).toEqual([
      expect.stringMatching(/^the plan is not the one that was reviewed \(its SHA-256 is/) as string,
      "cdk.tf.json of the stack is not the one that was reviewed",
      "cluster.json of the stack is not the one that was reviewed",
      expect.stringMatching(
        /^the cluster could be queried at the review, and can't be queried now: .*refuses the connection/,
      ) as string,
      "TF_VAR_postgres_password is not what it was when the plan was made",
    ]);
    expect(stdout).not.toContain("another-one");
    cluster.declare(environment);
    writeFileSync(plan(), whole);
    expect((await applied()).changes).toEqual([]);
  });

  it("is refused where the review was, and where it was let pass the guard's own words are told", async () => {
    const before = await cluster.starts();
    cluster.declare({ ...environment, settings: { max_connections: 120 } });
    expect((await cluster.run("review")).exitCode).toBe(4);
    expect((await refusal()).summary).toMatch(
      /^not applied: the review refused it: the coordinator is replaced together/,
    );
    const allowed = await cluster.run("review", "--allow", "to see what the guard says");
    expect(allowed.exitCode, allowed.output).toBe(0);
    const { exitCode, output } = await cluster.run("apply");
    expect(exitCode).toBe(1);
    expect(output).toMatch(/guard: failed \(\d+ s\)/);
    expect(lastLine(output)).toMatch(
      /^pg-dist: .* would be replaced at once.*: then review what is left: `npx pg-dist review/,
    );
    expect(output).not.toContain("local-exec provisioner error");
    expect(await cluster.starts()).toEqual(before);
    // What the guard stopped is left as it was; what comes after it has lost its first half.
    cluster.declare(environment);
    await reviewed();
    expect((await applied()).changes.map(({ kind }) => kind)).toEqual(["registration"]);
  });

  it("names who holds the lock of the state", async () => {
    await reviewed();
    await cluster.whileLocked(async () => {
      for (const command of ["review", "apply"]) {
        const { exitCode, output } = await cluster.run(command);
        expect(exitCode).toBe(1);
        expect(lastLine(output)).toMatch(
          /^pg-dist: another Terraform holds the lock of this state: \S+@\S+, apply, since \d{4}-\d\d-\d\d [\d:]+ UTC: wait until it ends/,
        );
      }
    });
    expect((await applied()).changes).toEqual([]);
  });

  it("says of a Docker host that can't be asked which it is, once", async () => {
    const hosts = { local: { connection: "unix:///nowhere/docker.sock" } };
    cluster.declare({ ...environment, hosts });
    const { exitCode, output } = await cluster.run("review");
    expect(exitCode).toBe(1);
    expect(lastLine(output)).toMatch(
      /^pg-dist: Docker host local at unix:\/\/\/nowhere\/docker\.sock can't be reached: .*: `npx pg-dist doctor \S+ --quiet` says why not/,
    );
    cluster.declare(environment);
  });

  it("says of a Docker host that is no longer declared how to bring it back", async () => {
    const file = join(cluster.deployment.stackFolder, "cdk.tf.json");
    const { provider, variable, terraform } = JSON.parse(readFileSync(file, "utf8")) as Record<
      string,
      Record<string, unknown>
    >;
    const { null: nullProvider } = provider ?? {};
    writeFileSync(file, JSON.stringify({ provider: { null: nullProvider }, variable, terraform }));
    const { exitCode, output } = await cluster.run("review");
    expect(exitCode).toBe(1);
    expect(lastLine(output)).toMatch(
      /^pg-dist: Docker host local was deleted from the environment, but Terraform's state has resources on it: put it back/,
    );
    cluster.declare(environment);
  });

  it("says of a leftover container what mends it, and that does", async () => {
    const state = cluster.stateText();
    cluster.loseResources("docker_container.local_worker1");
    await reviewed();
    const { exitCode, output } = await cluster.run("apply");
    expect(exitCode).toBe(1);
    expect(lastLine(output)).toMatch(
      new RegExp(
        `^pg-dist: local/worker1: container ${cluster.node("worker1")} already exists, but is not in Terraform's state.*pg-dist recover`,
      ),
    );
    expect(state).toContain("local_worker1");
    const recovered = await cluster.recover("--yes");
    expect(recovered.exitCode, recovered.output).toBe(0);
    await reviewed();
    await applied();
    expect(await cluster.deployment.plan()).toEqual([]);
  });

  it("begins nothing more when it is interrupted, and the next one does the rest", async () => {
    declare({ ...environment, workers: { local: { worker1: {}, worker2: {}, worker3: {}, worker4: {} } } });
    await reviewed();
    const { child, output, ended } = cluster.launch(["apply", cluster.name]);
    while (!output().includes("local/worker4: data volume created")) {
      if (child.exitCode !== null) throw new Error(`It ended before it was interrupted:\n${output()}`);
      await sleep(30);
    }
    child.kill("SIGINT");
    const { exitCode, output: told } = await ended;
    expect(exitCode, told).toBe(1);
    expect(told).toContain(
      "interrupted: Terraform is stopping, and begins nothing more; interrupt again to end it at once",
    );
    expect(lastLine(told)).toMatch(
      /^pg-dist: interrupted: \d+ changes?: (review what is left: `npx pg-dist review|what was being made may not be in the state: `npx pg-dist recover)/,
    );
    await reviewed();
    const rest = await cluster.run("apply");
    expect(rest.exitCode, rest.output).toBe(0);
    expect(await cluster.deployment.plan()).toEqual([]);

    // Amid the making of a container, which may be there then and not in the state.
    declare({
      ...environment,
      workers: { local: { worker1: {}, worker2: {}, worker3: {}, worker4: {}, worker5: {} } },
    });
    await reviewed();
    const before = await cluster.list("container");
    const amid = cluster.launch(["apply", cluster.name]);
    while ((await cluster.list("container")).length === before.length) {
      if (amid.child.exitCode !== null) throw new Error(`It ended too early:\n${amid.output()}`);
    }
    amid.child.kill("SIGTERM");
    const cut = await amid.ended;
    expect(cut.exitCode, cut.output).toBe(1);
    expect(lastLine(cut.output)).toMatch(
      /what was being made may not be in the state: `npx pg-dist recover \S+`, then `npx pg-dist review/,
    );
    const recovered = await cluster.recover("--yes");
    expect(recovered.exitCode, recovered.output).toBe(0);
    await reviewed();
    await applied();
    expect(await cluster.deployment.plan()).toEqual([]);
    const [row] = await cluster.deployment.query<{ rows: number }>(
      "SELECT count(*)::int AS rows FROM public.event",
    );
    expect(row?.rows).toBe(500);
    expect(existsSync(plan())).toBe(true);
  });

  async function reviewed(): Promise<void> {
    const { exitCode, output } = await cluster.run("review");
    expect(exitCode, output).toBe(0);
  }

  async function applied(...args: string[]): Promise<Applied> {
    const { exitCode, stdout, output } = await cluster.run("apply", ...args, "--json");
    expect(exitCode, output).toBe(0);
    expect(output).not.toContain(cluster.deployment.password);
    return expectShape<Applied>("apply", stdout);
  }

  /** Of an apply that must change nothing. */
  async function refusal(...args: string[]): Promise<Failed["failure"]> {
    const before = await cluster.starts();
    const { exitCode, stdout, output } = await cluster.run("apply", ...args, "--json");
    expect(exitCode, output).toBe(4);
    expect(await cluster.starts()).toEqual(before);
    return expectShape<Failed>("failure", stdout).failure;
  }

  async function healthy(name: string): Promise<boolean> {
    const format = "{{.State.Health.Status}}";
    return (await docker("inspect", "--format", format, cluster.node(name))).trim() === "healthy";
  }

  function lastLine(output: string): string {
    return output.trimEnd().split("\n").at(-1) ?? "";
  }
});
