import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { findParts, type Parts } from "../../testbed/parts";
import { Testbed } from "../../testbed/testbed";
import { Deployment } from "./deployment";
import { excerptOf } from "./plan-excerpt";
import { planBlock } from "./plan-block";
import { hostOptions, productionOn } from "./production-hosts";

/** docs/changing-a-cluster.md shows plans: these, of the production topology on test hosts. */
describe("the page's plan of", () => {
  let parts: Parts;
  let bed: Testbed;
  let environment: Environment;
  let deployment: Deployment;

  beforeAll(async () => {
    parts = await findParts({ log: console.log });
    bed = await Testbed.start({ hosts: ["server-a", "server-b", "server-c", "server-d", "server-e"], parts });
    environment = productionOn(bed);
    deployment = new Deployment(environment, parts.env, parts.terraform.path);
    await deployment.applied();
  });

  afterAll(async () => {
    await bed?.stop();
    deployment?.remove();
    await parts?.stop();
  });

  beforeEach(({ skip }) => {
    if (parts.providers.kind === "stand-in") skip("the words are the real provider's");
  });

  const edits: Record<string, () => Partial<Environment>> = {
    "a worker more": () => ({ workers: { ...environment.workers, "server-d": 3 } }),
    "a host more": () => ({
      hosts: { ...environment.hosts, "server-e": hostOptions(bed, "server-e") },
      workers: { ...environment.workers, "server-e": 1 },
    }),
    "a worker less": () => ({ workers: { ...environment.workers, "server-d": 1 } }),
    "a setting": () => ({ settings: { max_connections: 300 } }),
    "another image": () => ({ image: "citusdata/citus:13.2.0" }),
    memory: () => ({ memory: 4096 }),
    "another port": () => ({ workers: { ...environment.workers, "server-c": { worker1: { port: 5442 } } } }),
    "another address": () => ({
      hosts: {
        ...environment.hosts,
        "server-b": { ...hostOptions(bed, "server-b"), address: bed.hosts["server-b"]?.address },
      },
    }),
  };

  it.each(Object.keys(edits))("%s", async (title) => {
    deployment.synth({ ...environment, ...edits[title]?.() });
    await expectPlan(title);
  });

  const accidents: Record<string, readonly (readonly string[])[]> = {
    "a stopped node": [["stop", "citus-worker1"]],
    "a deleted container": [["rm", "--force", "citus-worker1"]],
    "a deleted volume": [
      ["rm", "--force", "citus-worker1"],
      ["volume", "rm", "citus-worker1"],
    ],
  };

  it.each(Object.keys(accidents))("%s", async (title) => {
    deployment.synth(environment);
    for (const command of accidents[title] ?? []) await bed.hosts["server-c"]?.docker(...command);
    await expectPlan(title);
    if (title !== "a deleted volume") await deployment.applied();
  });

  async function expectPlan(title: string): Promise<void> {
    const { output } = await deployment.run("plan");
    // The test hosts' addresses differ from run to run.
    const text = excerptOf(output).replace(/\b10\.\d+\.\d+\.(?=\d+)/g, "192.168.1.");
    expect(text).toBe(planBlock(title, text));
  }
});
