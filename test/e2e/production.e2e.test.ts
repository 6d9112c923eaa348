import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { findParts, type Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { containersOf } from "./containers";
import { Deployment } from "./deployment";
import { hostOptions, productionOn } from "./production-hosts";

/**
 * The main path, in its order: the guide's topology on four servers over ssh, then what a platform engineer does with
 * it. Each step goes on from the one before.
 */
describe("production on four Docker hosts", () => {
  let parts: Parts;
  let bed: Testbed;
  let environment: Environment;
  let deployment: Deployment;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a", "server-b", "server-c", "server-d", "server-e"], parts });
    // With limits: the provider reads them back in spellings of its own.
    environment = { ...productionOn(bed), memory: 1024, cpus: 2 };
    deployment = new Deployment(environment, parts.env, parts.terraform.path);
  });

  afterAll(async () => {
    await bed?.stop();
    deployment?.remove();
    await parts?.stop();
  });

  it("comes up with one apply, and is exactly the guide's node list, with every pair healthy", async () => {
    const output = await deployment.applied();
    expect(output).toContain("25 of 25 pairs healthy");
    expect(await workers()).toEqual([
      "server-b.example.com:5432",
      "server-c.example.com:5432",
      "server-d.example.com:5432",
      "server-d.example.com:5433",
    ]);
    expect(await pairs()).toEqual({ all: 25, healthy: 25 });
    expect(output).not.toContain(deployment.password);
  });

  it("has nothing more to do in the second plan", async () => {
    expect(await deployment.plan()).toEqual([]);
  });

  it("keeps a distributed and a reference table", async () => {
    await deployment.query("CREATE TABLE public.customer (id bigint PRIMARY KEY, name text)");
    await deployment.query("SELECT create_distributed_table('public.customer', 'id', shard_count => 8)");
    await deployment.query("CREATE TABLE public.country (code text PRIMARY KEY)");
    await deployment.query("SELECT create_reference_table('public.country')");
    await deployment.query(
      "INSERT INTO public.customer SELECT i, 'customer ' || i FROM generate_series(1, 1000) i",
    );
    await deployment.query("INSERT INTO public.country VALUES ('de'), ('fr')");
    expect(await customers()).toBe(1000);
    expect(
      await deployment.query(
        "SELECT DISTINCT nodename, nodeport FROM citus_shards WHERE table_name = 'public.customer'::regclass",
      ),
    ).toHaveLength(4);
  });

  it("has an empty plan and healthy pairs after every container was restarted", async () => {
    for (const { host, name } of await containersOf(bed)) {
      await bed.hosts[host]?.docker("stop", name);
      // PostgreSQL was told to, and had the time for it: the next start needs no recovery.
      const code = await bed.hosts[host]?.docker("inspect", "--format", "{{.State.ExitCode}}", name);
      expect(`${name} ended with ${code?.trim()}`).toBe(`${name} ended with 0`);
      await bed.hosts[host]?.docker("start", name);
    }
    await expect.poll(pairs, { timeout: 300_000, interval: 1000 }).toEqual({ all: 25, healthy: 25 });
    expect(await deployment.plan()).toEqual([]);
    expect(await customers()).toBe(1000);
  });

  it("starts a stopped node in place", async () => {
    const before = await containersOf(bed);
    await bed.hosts["server-c"]?.docker("stop", "citus-worker1");
    expect(await deployment.plan()).toEqual([
      { address: "docker_container.server-c_worker1", actions: ["update"] },
    ]);
    await deployment.applied();
    expect(await containersOf(bed)).toEqual(before);
    expect(await deployment.plan()).toEqual([]);
  });

  it("creates a deleted container again on its volume, and verifies before it ends", async () => {
    await bed.hosts["server-b"]?.docker("rm", "-f", "citus-worker1");
    expect(await deployment.applied()).toContain("25 of 25 pairs healthy");
    expect(await customers()).toBe(1000);
    expect(await deployment.plan()).toEqual([]);
  });

  it("keeps a container whose new image can't be pulled, also where -target passes by the guard", async () => {
    const before = await containersOf(bed);
    deployment.synth({ ...environment, image: "citusdata/citus:13.0.9" });
    const address = "docker_container.server-c_worker1";
    const { exitCode, output } = await deployment.run("apply", "-auto-approve", `-target=${address}`);
    expect(exitCode, output).toBe(1);
    expect(output).toMatch(/image citusdata\/citus:13\.0\.9 can't be pulled: .*load it there/s);
    expect(await containersOf(bed)).toEqual(before);
    deployment.synth(environment);
    expect(await deployment.plan()).toEqual([]);
  });

  it("adds a worker host without touching an existing container", async () => {
    const before = await containersOf(bed);
    deployment.synth(withServerE({ ...environment.workers, "server-e": 1 }));
    const docker = (await deployment.plan()).filter(({ address }) => address.startsWith("docker_"));
    expect(docker).not.toEqual([]);
    for (const { address, actions } of docker) {
      expect(address).toContain("server-e");
      expect(actions).toEqual(["create"]);
    }
    expect(await deployment.applied()).toContain("36 of 36 pairs healthy");
    expect(await containersOf(bed)).toEqual(expect.arrayContaining(before));
    expect(
      await deployment.query(
        "SELECT 1 FROM citus_shards WHERE nodename = 'server-e.example.com' AND citus_table_type = 'reference'",
      ),
    ).toHaveLength(1);
    expect(await deployment.plan()).toEqual([]);
  });

  it("drains a dropped worker before its container goes", async () => {
    deployment.synth(withServerE({ ...environment.workers, "server-d": { worker2: {} }, "server-e": 1 }));
    const output = await deployment.applied();
    const left = output.indexOf('null_resource.membership["server-d/worker1"]: Destruction complete');
    const destroyed = output.indexOf("docker_container.server-d_worker1: Destroying...");
    expect(left).toBeGreaterThan(0);
    expect(destroyed).toBeGreaterThan(left);
    expect(await customers()).toBe(1000);
    expect(await workers()).not.toContain("server-d.example.com:5432");
    expect(
      (await containersOf(bed)).filter(({ host }) => host === "server-d").map(({ name }) => name),
    ).toEqual(["citus-worker2"]);
    expect(await deployment.plan()).toEqual([]);
  });

  it("keeps the container and its data when the drain fails, and goes on after the repair", async () => {
    await deployment.query("CREATE TABLE public.event (id bigint, at timestamptz)");
    await deployment.query("SELECT create_distributed_table('public.event', 'id', shard_count => 8)");
    await deployment.query("INSERT INTO public.event SELECT i, now() FROM generate_series(1, 100) i");
    const before = await containersOf(bed);
    deployment.synth(withServerE(FEWER_WORKERS));
    const { exitCode, output } = await deployment.apply();
    expect(exitCode).toBe(1);
    expect(output).toMatch(/public\.event/);
    expect(output).toMatch(/REPLICA IDENTITY/);
    expect(await containersOf(bed)).toEqual(before);
    expect(
      await deployment.query(
        "SELECT 1 FROM pg_dist_node WHERE nodename = 'server-c.example.com' AND shouldhaveshards",
      ),
    ).toHaveLength(1);

    await deployment.query("ALTER TABLE public.event REPLICA IDENTITY FULL");
    await deployment.applied();
    expect(await customers()).toBe(1000);
    expect(await workers()).not.toContain("server-c.example.com:5432");
    expect((await containersOf(bed)).filter(({ host }) => host === "server-c")).toEqual([]);
    expect(await deployment.plan()).toEqual([]);
  });

  it("says how to make a container that is gone, which Terraform makes only after a removal", async () => {
    await bed.hosts["server-b"]?.docker("rm", "-f", "citus-worker1");
    deployment.synth(withServerE({ ...FEWER_WORKERS, "server-e": 0 }));
    const { exitCode, output } = await deployment.apply();
    expect(exitCode, output).toBe(1);
    expect(output).toMatch(/server-e\/worker1 was not removed: server-b\/worker1: it does not answer/);
    expect(output).not.toContain("docker_container.server-b_worker1: Creating");
    const [target = ""] = /-target=docker_container\."server-b_worker1"/.exec(output) ?? [];
    expect(target, output).not.toBe("");
    // A shell takes the quotes away.
    const made = await deployment.run("apply", "-auto-approve", target.replaceAll('"', ""));
    expect(made.exitCode, made.output).toBe(0);
    await deployment.applied();
    expect(await customers()).toBe(1000);
    expect(await workers()).not.toContain("server-e.example.com:5432");
    expect(await deployment.plan()).toEqual([]);
  });

  it("is destroyed only with both keys", async () => {
    const before = await containersOf(bed);
    const first = await deployment.destroy();
    expect(first.exitCode).toBe(1);
    expect(first.output).toContain("prevent_destroy");

    deployment.synth({ ...withServerE(FEWER_WORKERS), protected: false });
    const second = await deployment.destroy();
    expect(second.exitCode).toBe(1);
    expect(second.output).toContain("PGDIST_DESTROY=production");
    expect(await containersOf(bed)).toEqual(before);
    expect(await customers()).toBe(1000);

    const both = await deployment.destroy({ PGDIST_DESTROY: "production" });
    expect(both.output).toContain("Destroy complete!");
    expect(await containersOf(bed)).toEqual([]);
  });

  /** server-c keeps its entry, without workers: how a host leaves. */
  const FEWER_WORKERS = { "server-b": 1, "server-c": 0, "server-d": { worker2: {} }, "server-e": 1 };

  const withServerE = (workers: Environment["workers"]): Environment => ({
    ...environment,
    hosts: { ...environment.hosts, "server-e": hostOptions(bed, "server-e") },
    workers,
  });

  async function workers(): Promise<string[]> {
    const nodes = await deployment.query<{ node: string }>(
      "SELECT node_name || ':' || node_port AS node FROM citus_get_active_worker_nodes() ORDER BY 1",
    );
    return nodes.map(({ node }) => node);
  }

  async function pairs(): Promise<{ all: number; healthy: number }> {
    const results = await deployment.query<{ result: boolean | null }>(
      "SELECT result FROM citus_check_cluster_node_health()",
    );
    return { all: results.length, healthy: results.filter(({ result }) => result === true).length };
  }

  async function customers(): Promise<number> {
    const [row] = await deployment.query<{ count: string }>("SELECT count(*) FROM public.customer");
    return Number(row?.count);
  }
});
