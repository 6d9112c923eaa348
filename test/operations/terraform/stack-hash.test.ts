import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compareStacks, hashFile, hashStack } from "../../../operations/terraform/stack-hash";

describe("the hash of a stack", () => {
  let folder = "";
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pg-dist-stack-"));
    write("cdk.tf.json", "{}");
    write("cluster.json", "{}\n");
    write("assets/x/pg-dist.mjs", "run()");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has what Terraform reads and what its steps run, and nothing that a run leaves there", () => {
    for (const file of [
      ".terraform/x.tf.json",
      ".terraform.lock.hcl",
      "reviewed.plan",
      "reviewed.plan.review.json",
    ])
      write(file, "x");
    write("errored.tfstate", "x");
    expect(Object.keys(hashStack(folder))).toEqual(["assets/x/pg-dist.mjs", "cdk.tf.json", "cluster.json"]);
    expect(hashStack(folder)["cdk.tf.json"]).toBe(hashFile(join(folder, "cdk.tf.json")));
  });

  it("is compared file by file: also one that somebody else put there counts", () => {
    const reviewed = hashStack(folder);
    expect(compareStacks(reviewed, hashStack(folder))).toEqual([]);
    write("cluster.json", "{ }\n");
    write("pg-dist_override.tf", "# x");
    write("production.auto.tfvars", "");
    rmSync(join(folder, "assets"), { recursive: true });
    expect(compareStacks(reviewed, hashStack(folder))).toEqual([
      "assets/x/pg-dist.mjs of the stack, which was reviewed, no longer exists",
      "cluster.json of the stack is not the one that was reviewed",
      "pg-dist_override.tf of the stack did not exist at the review",
      "production.auto.tfvars of the stack did not exist at the review",
    ]);
  });
});
