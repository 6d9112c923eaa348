import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findParts, type Parts } from "../../../../testbed/parts";
import { expectShape } from "../../../fixtures/json-shape";
import { docker } from "../../change/recover/recover-cluster";
import { type ReviewReport, ReviewedCluster } from "./reviewed-cluster";

/**
 * Changes of a running cluster, one after the other: what the review says of each node is compared with what its apply then
 * did to that node's container and volume.
 */
describe("a review, compared with the apply", () => {
  let parts: Parts;
  let cluster: ReviewedCluster;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    cluster = await ReviewedCluster.create(parts);
  });

  afterAll(async () => {
    await cluster?.destroy();
    await parts?.stop();
  });

  it("of the first deploy: all nodes join", async () => {
    expect(await cluster.reviewed()).toEqual({
      "local/coordinator": "joins",
      "local/worker1": "joins",
      "local/worker2": "joins",
    });
    await cluster.deployment.applied();
    expect(await cluster.reviewed()).toEqual({});
    expect((await cluster.run("review")).stdout).toMatch(/: no change\n$/);
    await cluster.fill();
  });

  it("of a worker more: it joins, the others are not touched", async () => {
    cluster.environment = {
      ...cluster.environment,
      workers: { local: { worker1: {}, worker2: {}, worker3: {} } },
    };
    await cluster.expectApply({ "local/worker3": "joins" });
  });

  it("of memory: in place", async () => {
    cluster.environment = { ...cluster.environment, memory: 768 };
    const ids = ["coordinator", "worker1", "worker2", "worker3"].map((name) => `local/${name}`);
    await cluster.expectApply(Object.fromEntries(ids.map((id) => [id, "updated"])));
  });

  it("of a setting of one worker: its container alone is replaced, and says why", async () => {
    const workers = { local: { worker1: { settings: { work_mem: "8MB" } }, worker2: {}, worker3: {} } };
    cluster.environment = { ...cluster.environment, workers };
    // A client of the worker itself, as analysts have it.
    const sleeping = ["psql", "--username=postgres", "--command=SELECT pg_sleep(300)"];
    await docker("exec", "--detach", `${cluster.name}-worker1`, ...sleeping);
    const report = await cluster.expectApply({ "local/worker1": "replaced" });
    expect(report.live.sessions).toEqual([{ node: "local/worker1", count: 1 }]);
    expect(report.nodes.find(({ id }) => id === "local/worker1")?.changes.map(({ name }) => name)).toEqual([
      "work_mem",
    ]);
  });

  it("of a stopped worker: it is started in place", async () => {
    await docker("stop", `${cluster.name}-worker2`);
    await cluster.expectApply({ "local/worker2": "starts" });
  });

  it("of a container that was deleted: it is made again on its data", async () => {
    await docker("rm", "--force", `${cluster.name}-worker2`);
    await cluster.expectApply({ "local/worker2": "returns" });
  });

  it("of a setting of all nodes: refused, as is then its apply, unless it is allowed", async () => {
    const before = await cluster.containers();
    const changed = { ...cluster.environment, settings: { max_connections: 120 } };
    cluster.declare(changed);
    const { report, exitCode } = await cluster.review();
    expect(exitCode).toBe(4);
    expect(report.refusals).toMatchObject([{ code: "coordinator-with-workers" }]);
    const { exitCode: applied, output } = await cluster.deployment.apply();
    expect(applied).toBe(1);
    expect(output).toContain("would be replaced at once");
    expect(await cluster.containers()).toEqual(before);
    const unsaid = await cluster.run("review", "--allow", " ");
    expect(unsaid.exitCode).toBe(2);
    const allowed = await cluster.run("review", "--allow", "in the night of Sunday");
    expect(allowed.exitCode, allowed.output).toBe(0);
    expect(allowed.stdout).toContain("in the night of Sunday");
    cluster.environment = { ...changed, rollout: "all-at-once" };
    await cluster.expectApply({
      "local/coordinator": "replaced",
      "local/worker1": "replaced",
      "local/worker2": "replaced",
      "local/worker3": "replaced",
    });
  });

  it("of a worker less with a table that can't move online: refused, as is then its apply, until its remedy", async () => {
    await cluster.balance();
    await cluster.deployment.query("CREATE TABLE public.log (id bigint, line text)");
    await cluster.deployment.query("SELECT create_distributed_table('public.log', 'id', shard_count => 4)");
    cluster.environment = {
      ...cluster.environment,
      workers: { local: { worker1: { settings: { work_mem: "8MB" } }, worker2: {} } },
    };
    cluster.declare(cluster.environment);
    const { report, exitCode } = await cluster.review();
    expect(exitCode).toBe(4);
    expect(report.refusals).toMatchObject([{ code: "removal", nodes: ["local/worker3"] }]);
    const what = report.refusals[0]?.what.split(": ").slice(1).join(": ") ?? "";
    expect(what).toContain("public.log");
    const { exitCode: applied, output } = await cluster.deployment.apply();
    expect(applied).toBe(1);
    expect(output).toContain(what);
    await cluster.deployment.query("ALTER TABLE public.log REPLICA IDENTITY FULL");
  });

  it("of a worker less: it is emptied to where the review says, in the time that it says, and no row is lost", async () => {
    const before = await cluster.shardsById();
    let output = "";
    const report = await cluster.expectApply({ "local/worker3": "leaves" }, (text) => (output = text));
    expect(await cluster.volumes()).not.toContain("local/worker3");
    expect(report.live.leaving.map(({ id }) => id)).toEqual(["local/worker3"]);
    await cluster.expectMoves(report.live, output, before);
    const [room] = report.live.room;
    expect(room).toMatchObject({ server: "local" });
    expect(room?.after).toBeLessThanOrEqual(room?.before ?? 0);
  });

  it("of an older Citus on existing data: refused", async () => {
    cluster.declare({ ...cluster.environment, image: "citusdata/citus:13.0.2" });
    const { report, exitCode } = await cluster.review();
    expect(exitCode).toBe(4);
    expect(report.refusals.map(({ code }) => code)).toEqual(["image"]);
  });

  it("of a plan that somebody else made, of which it tells nothing secret", async () => {
    cluster.declare(cluster.environment);
    const file = `${cluster.deployment.stackFolder}/other.plan`;
    const missing = await cluster.run("review", "--plan", file);
    expect(missing.exitCode).toBe(2);
    expect(missing.output).toMatch(/there is no plan .*other\.plan: give the file/);
    await cluster.deployment.run("plan", "-destroy", `-out=${file}`);
    const { exitCode, output, stdout } = await cluster.run("review", "--plan", file, "--markdown");
    expect(exitCode, output).toBe(4);
    expect(stdout).toContain("> **Refused:**");
    expect(output).not.toContain(cluster.deployment.password);
    expect(await cluster.reviewed()).toEqual({});
  });

  it("of a plan of other code: refused; without it, or with the code that it was made of, it passes", async () => {
    const file = `${cluster.deployment.stackFolder}/older.plan`;
    await cluster.deployment.run("plan", `-out=${file}`);
    cluster.declare({
      ...cluster.environment,
      workers: { local: { worker1: {}, worker2: {}, worker4: {} } },
    });
    const { stdout, exitCode } = await cluster.run("review", "--plan", file, "--json");
    expect(exitCode).toBe(4);
    expect(expectShape<ReviewReport>("review", stdout).refusals.map(({ code }) => code)).toEqual([
      "other-code",
    ]);
    expect(await cluster.reviewed()).toMatchObject({ "local/worker4": "joins" });
    cluster.declare(cluster.environment);
    expect((await cluster.run("review", "--plan", file)).exitCode).toBe(0);
  });

  it("of another name of the cluster, whose plan fails half-way: refused until it is undone", async () => {
    cluster.declare({ ...cluster.environment, cluster: `${cluster.name}-other` });
    const file = `${cluster.deployment.stackFolder}/half.plan`;
    const { exitCode } = await cluster.deployment.run("plan", `-out=${file}`);
    expect(exitCode).toBe(1);
    const { stdout, exitCode: refused } = await cluster.run("review", "--plan", file, "--json");
    expect(refused).toBe(4);
    const { refusals } = expectShape<ReviewReport>("review", stdout);
    expect(refusals.map(({ code }) => code)).toEqual(["incomplete-plan", "data-lost", "other-cluster"]);
    const made = await cluster.review();
    expect(made.exitCode).toBe(4);
    expect(made.report.refusals.map(({ code }) => code)).toEqual(["protected", "data-lost", "other-cluster"]);
    expect(made.report.refusals.at(-1)?.what).toContain(
      `is the coordinator local/coordinator of cluster ${cluster.environment.cluster}, not of cluster ${cluster.name}`,
    );
    cluster.declare(cluster.environment);
    expect(await cluster.reviewed()).toEqual({});
  });

  it("of a volume that is gone: refused until it was brought back", async () => {
    const volume = `${cluster.name}-worker2`;
    const copy = async (from: string, to: string) => {
      const mounts = ["--volume", `${from}:/from`, "--volume", `${to}:/to`];
      const work = ["--entrypoint", "cp", parts.image.tag, "-a", "/from/.", "/to"];
      await docker("run", "--rm", "--user", "root", ...mounts, ...work);
    };
    await docker("stop", volume);
    try {
      await copy(volume, `${volume}-backup`);
      await docker("rm", "--force", "--volumes", volume);
      await docker("volume", "rm", volume);
      const { report, exitCode } = await cluster.review();
      expect(exitCode).toBe(4);
      expect(report.refusals).toMatchObject([{ code: "volume-gone", nodes: ["local/worker2"] }]);
      await docker("volume", "create", volume);
      await copy(`${volume}-backup`, volume);
    } finally {
      await docker("volume", "rm", "--force", `${volume}-backup`);
    }
    await cluster.expectApply({ "local/worker2": "returns" });
  });
});
