import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findParts, type Parts } from "../../../../testbed/parts";
import { TAKEN, docker } from "../../change/recover/recover-cluster";
import { ReviewedCluster } from "./reviewed-cluster";

/** Further kinds of change than those of review.full.test.ts, compared in the same way. */
describe("a review of another kind of change, compared with the apply", () => {
  let parts: Parts;
  let cluster: ReviewedCluster;
  /** The same image under another name. */
  let again = "";

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    cluster = await ReviewedCluster.create(parts);
    again = `${cluster.name}:13.0.3`;
    await cluster.deployment.applied();
    await cluster.fill();
  });

  afterAll(async () => {
    await cluster?.destroy();
    if (again !== "") await docker("rmi", "--no-prune", again).catch(() => undefined);
    await parts?.stop();
  });

  it("of two workers more, and memory for the others: all in one apply", async () => {
    const workers = { local: { worker1: {}, worker2: {}, worker3: {}, worker4: {} } };
    cluster.environment = { ...cluster.environment, workers, memory: 800 };
    await cluster.expectApply({
      ...{ "local/coordinator": "updated", "local/worker1": "updated", "local/worker2": "updated" },
      ...{ "local/worker3": "joins", "local/worker4": "joins" },
    });
  });

  it("of another port of the coordinator: it alone is replaced, and clients find it there", async () => {
    const { coordinator } = cluster.environment;
    cluster.environment = {
      ...cluster.environment,
      coordinator: { ...coordinator, port: (coordinator.port ?? 0) + 1 },
    };
    const report = await cluster.expectApply({ "local/coordinator": "replaced" });
    expect(report.nodes.find(({ fate }) => fate === "replaced")?.changes.length).toBeGreaterThan(0);
  });

  it("of two workers less at once: both are emptied, onto those that stay", async () => {
    await cluster.balance();
    const workers = { local: { worker1: {}, worker2: {} } };
    cluster.environment = { ...cluster.environment, workers };
    const before = await cluster.shardsById();
    let output = "";
    const { live } = await cluster.expectApply(
      { "local/worker3": "leaves", "local/worker4": "leaves" },
      (text) => (output = text),
    );
    await cluster.expectMoves(live, output, before);
  });

  it("of another image for all, where that is meant: all are replaced on their data", async () => {
    await docker("tag", parts.image.tag, again);
    cluster.environment = { ...cluster.environment, image: again, rollout: "all-at-once" };
    await cluster.expectApply({
      "local/coordinator": "replaced",
      "local/worker1": "replaced",
      "local/worker2": "replaced",
    });
  });

  it("of a state that is empty while the cluster runs: refused, and its apply fails in the middle, until recover", async () => {
    const state = join(cluster.deployment.folder, "state", `${cluster.name}.tfstate`);
    rmSync(state);
    const { report, exitCode } = await cluster.review();
    expect(exitCode).toBe(4);
    const nodes = ["local/coordinator", "local/worker1", "local/worker2"];
    expect(report.refusals).toMatchObject([{ code: "state-lacks", nodes }]);
    expect((await cluster.run("review")).stdout.split("\n")[2]).toMatch(
      /^refused {2}the state is empty, but a cluster answers at 127\.0\.0\.1:\d+$/,
    );
    const before = await cluster.containers();
    const { exitCode: applied, output } = await cluster.deployment.apply();
    expect(applied).toBe(1);
    expect(output).toMatch(TAKEN);
    const recovered = await cluster.run("recover", "--yes");
    expect(recovered.exitCode, recovered.output).toBe(0);
    await cluster.deployment.applied();
    expect(await cluster.reviewed()).toEqual({});
    expect(await cluster.containers()).toEqual(before);
  });
});
