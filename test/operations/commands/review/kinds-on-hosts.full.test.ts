import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../../../model/environment";
import { findParts, type Parts } from "../../../../testbed/parts";
import { Testbed } from "../../../../testbed/testbed";
import { hostOptions } from "../../../e2e/production-hosts";
import { ReviewedCluster } from "./reviewed-cluster";

/** The kinds of change that need several Docker hosts, compared as those of review.full.test.ts. */
describe("a review of a change of hosts, compared with the apply", () => {
  let parts: Parts;
  let bed: Testbed;
  let cluster: ReviewedCluster;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a", "server-b", "server-c", "server-d", "server-e"], parts });
    cluster = ReviewedCluster.on(parts, bed, {
      name: "hosts",
      hosts: {
        "server-a": hostOptions(bed, "server-a"),
        "server-b": hostOptions(bed, "server-b"),
        "server-c": hostOptions(bed, "server-c"),
      },
      coordinator: { host: "server-a" },
      workers: { "server-b": 2, "server-c": 2 },
      image: parts.image.tag,
      postgresMajor: 17,
    });
    await cluster.deployment.applied();
    await cluster.fill(12);
    await cluster.deployment.query("CREATE TABLE public.country (code text PRIMARY KEY)");
    await cluster.deployment.query("SELECT create_reference_table('public.country')");
    await cluster.deployment.query("INSERT INTO public.country VALUES ('de'), ('fr')");
    await onWorker("server-c", "citus-worker1", "CREATE TABLE public.notes AS SELECT 'keep me' AS line");
  });

  afterAll(async () => {
    await bed?.stop();
    await cluster?.destroy();
    await parts?.stop();
  });

  it("of a host with two workers: they join without shards, and nothing else is touched", async () => {
    change({
      hosts: { ...cluster.environment.hosts, "server-d": hostOptions(bed, "server-d") },
      workers: { ...cluster.environment.workers, "server-d": 2 },
    });
    const before = await cluster.shardsById();
    const report = await cluster.expectApply({ "server-d/worker1": "joins", "server-d/worker2": "joins" });
    expect(report.others).toEqual([
      { address: "docker_image.server-d", action: "create" },
      { address: "docker_network.server-d", action: "create" },
    ]);
    expect(await cluster.shardsById()).toEqual(before);
    expect(await copiesOfCountry()).toBe(7);
  });

  it("of a host whose worker is to get shards: they move to it, as the review says", async () => {
    change({
      hosts: { ...cluster.environment.hosts, "server-e": hostOptions(bed, "server-e") },
      workers: { ...cluster.environment.workers, "server-e": 1 },
      rebalance: "after-adding",
    });
    const report = await cluster.expectApply({ "server-e/worker1": "joins" });
    expect(statementOf(report, "server-e/worker1")).toContain("then shards of the others move to it, online");
    const shards = await cluster.shardsById();
    expect(shards["server-e/worker1"]).toBeGreaterThan(0);
    expect(Object.values(shards).reduce((sum, each) => sum + each, 0)).toBe(12);
  });

  it("of a worker's port: its container alone is replaced on its volume, and it stays the node that it was", async () => {
    const before = await registered("server-c/worker1");
    change({
      workers: { ...cluster.environment.workers, "server-c": { worker1: { port: 5442 }, worker2: {} } },
    });
    const report = await cluster.expectApply({ "server-c/worker1": "replaced" });
    const changes = report.nodes.find(({ id }) => id === "server-c/worker1")?.changes;
    expect(changes).toMatchObject([
      { name: "endpoint", before: "server-c.example.com:5432", after: "server-c.example.com:5442" },
      { name: "published on" },
    ]);
    expect(await registered("server-c/worker1")).toEqual({ ...before, port: 5442 });
    expect(await onWorker("server-c", "citus-worker1", "SELECT line FROM public.notes")).toBe("keep me");
  });

  it("of a host's address: refused where several workers are on it, until that is meant", async () => {
    const address = bed.hosts["server-c"]?.address;
    const hosts = { ...cluster.environment.hosts, "server-c": { ...hostOptions(bed, "server-c"), address } };
    cluster.declare({ ...cluster.environment, hosts });
    const { report, exitCode } = await cluster.review();
    expect(exitCode).toBe(4);
    expect(report.refusals).toMatchObject([
      { code: "all-at-once", nodes: ["server-c/worker1", "server-c/worker2"] },
    ]);
    change({ hosts, rollout: "all-at-once" });
    await cluster.expectApply({ "server-c/worker1": "replaced", "server-c/worker2": "replaced" });
    expect(await registered("server-c/worker1")).toMatchObject({ host: address, port: 5442 });
  });

  it("of two workers of two hosts less: one after the other, each to where the review says", async () => {
    change({ workers: { ...cluster.environment.workers, "server-b": 1, "server-e": 0 } });
    await cluster.balance();
    const before = await cluster.shardsById();
    let output = "";
    const { live } = await cluster.expectApply(
      { "server-b/worker2": "leaves", "server-e/worker1": "leaves" },
      (text) => (output = text),
    );
    await cluster.expectMoves(live, output, before);
  });

  it("of a whole host less: its shards move to the other hosts, and nothing of the cluster stays on it", async () => {
    await cluster.balance();
    const { "server-d": _host, ...hosts } = cluster.environment.hosts;
    const { "server-d": _workers, ...workers } = cluster.environment.workers ?? {};
    expect(() => cluster.declare({ ...cluster.environment, hosts, workers })).toThrow(
      /"server-d" was deleted, but \d+ resources are still there/,
    );
    change({ workers: { ...workers, "server-d": 0 } });
    const before = await cluster.shardsById();
    let output = "";
    const report = await cluster.expectApply(
      { "server-d/worker1": "leaves", "server-d/worker2": "leaves" },
      (text) => (output = text),
    );
    await cluster.expectMoves(report.live, output, before);
    expect(report.others).toEqual([
      { address: "docker_image.server-d", action: "delete" },
      { address: "docker_network.server-d", action: "delete" },
    ]);
    expect(await leftOn("server-d")).toEqual({ containers: "", volumes: "", networks: "" });
    change({ hosts, workers });
    await cluster.expectApply({});
    expect(await cluster.deployment.plan()).toEqual([]);
  });

  it("of two workers less, one with a table of people's own: that one stays, as the review says", async () => {
    change({ workers: { "server-b": 1, "server-c": 0 } });
    cluster.declare(cluster.environment);
    const { report, exitCode } = await cluster.review();
    expect(exitCode).toBe(4);
    expect(report.refusals).toMatchObject([{ code: "removal", nodes: ["server-c/worker1"] }]);
    expect(report.live.leaving).toMatchObject([
      { id: "server-c/worker1", refused: true },
      { id: "server-c/worker2", refused: false },
    ]);
    expect(statementOf(report, "server-c/worker1")).toMatch(/^stays as it is until what is refused is fixed/);
    const what = report.refusals[0]?.what.split(": ").slice(1).join(": ") ?? "";
    expect(what).toContain("public.notes");
    const [containers, before] = [await cluster.containers(), await cluster.shardsById()];
    const { exitCode: applied, output } = await cluster.deployment.apply();
    expect(applied).toBe(1);
    expect(output).toContain(what);
    expect(await cluster.containers()).toEqual(containers);
    expect(await onWorker("server-c", "citus-worker1", "SELECT line FROM public.notes")).toBe("keep me");
    const after = await cluster.shardsById();
    expect(after["server-c/worker1"]).toBe(before["server-c/worker1"]);
    expect(after["server-c/worker2"]).toBeUndefined();
  });

  it("of both again, once the table is dropped: the one that was removed has nothing left to move", async () => {
    await onWorker("server-c", "citus-worker1", "DROP TABLE public.notes");
    const before = await cluster.shardsById();
    let output = "";
    const { live } = await cluster.expectApply(
      { "server-c/worker1": "leaves", "server-c/worker2": "leaves" },
      (text) => (output = text),
    );
    expect(live.leaving).toMatchObject([
      { id: "server-c/worker1", registered: true },
      { id: "server-c/worker2", registered: false, shards: 0 },
    ]);
    await cluster.expectMoves(live, output, before);
    expect(await cluster.shardsById()).toEqual({ "server-b/worker1": 12 });
  });

  function change(edit: Partial<Environment>): void {
    cluster.environment = { ...cluster.environment, ...edit };
  }

  function statementOf(report: Awaited<ReturnType<typeof cluster.review>>["report"], node: string) {
    return report.nodes.find(({ id }) => id === node)?.statement;
  }

  async function onWorker(host: string, container: string, sql: string): Promise<string> {
    const psql = ["psql", "--username=postgres", "--no-align", "--tuples-only", "--command", sql];
    return ((await bed.hosts[host]?.docker("exec", container, ...psql)) ?? "").trim();
  }

  async function registered(id: string) {
    const [row] = await cluster.deployment.query<{
      nodeid: number;
      groupid: number;
      host: string;
      port: number;
    }>(
      `SELECT p.nodeid, p.groupid, p.nodename AS host, p.nodeport AS port
         FROM pg_dist_node p JOIN pgdist.node n USING (groupid) WHERE n.id = '${id}'`,
    );
    return row;
  }

  async function copiesOfCountry(): Promise<number> {
    const rows = await cluster.deployment.query(
      "SELECT FROM citus_shards WHERE table_name = 'public.country'::regclass",
    );
    return rows.length;
  }

  async function leftOn(host: string): Promise<Record<string, string>> {
    const ask = async (...args: string[]) => ((await bed.hosts[host]?.docker(...args)) ?? "").trim();
    return {
      containers: await ask("ps", "--all", "--quiet"),
      volumes: await ask("volume", "ls", "--quiet"),
      networks: await ask("network", "ls", "--quiet", "--filter", "type=custom"),
    };
  }
});
