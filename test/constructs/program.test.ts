import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeCluster } from "../../model/cluster";
import { clusterOf, maximal } from "../model/samples";
import { synthesizedFiles } from "../synthesis";

const FOLDER = "stacks/everything";

describe("the program beside the stack", () => {
  const commandsIn = (json: string) =>
    [...json.matchAll(/"command": "(node [^"]*)"/g)].map(([, command]) => command ?? "");

  /** Without those of single containers. */
  const stepsIn = (json: string) => commandsIn(json).filter((command) => !/ guard .* --node /.test(command));

  it("is the bundle, and every command names it by its path in the stack's folder", () => {
    const files = synthesizedFiles(maximal);
    const bundle = Object.keys(files).filter((path) => path.endsWith("pg-dist.mjs"));
    expect(bundle).toHaveLength(1);
    expect(files[bundle[0] ?? ""]).toBe(readFileSync(require.resolve("pg-dist/program"), "utf8"));
    const commands = commandsIn(files[`${FOLDER}/cdk.tf.json`] ?? "");
    expect(commands).toHaveLength(3 + describeCluster(maximal).nodes.length);
    for (const command of commands) expect(`${FOLDER}/${command.split(" ")[1]}`).toBe(bundle[0]);
  });

  it("reads the cluster from cluster.json, whose digest every step's command names", () => {
    const files = synthesizedFiles(maximal);
    const cluster = files[`${FOLDER}/cluster.json`] ?? "";
    expect(JSON.parse(cluster)).toEqual(describeCluster(maximal));
    const digest = createHash("sha256").update(cluster).digest("hex").slice(0, 12);
    const steps = stepsIn(files[`${FOLDER}/cdk.tf.json`] ?? "");
    expect(steps).toHaveLength(3);
    for (const command of steps) {
      expect(command).toContain(`--cluster cluster.json --expect ${digest}`);
    }
  });

  it("is told of another cluster by another digest", () => {
    const [one, two] = [clusterOf({ b: 1 }), clusterOf({ b: 2 })].map((environment) =>
      stepsIn(synthesizedFiles(environment)["stacks/staging/cdk.tf.json"] ?? ""),
    );
    expect(one?.[0]).toMatch(/--expect [0-9a-f]{12}/);
    expect(one?.[0]).not.toBe(two?.[0]);
  });
});
