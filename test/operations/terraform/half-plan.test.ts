import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { HalfPlan, Terraform } from "../../../operations/terraform/terraform";
import { requireTerraform } from "../../terraform";

it("has what Terraform saved of a plan that the environment's protection stopped, for its owner alone", async (context) => {
  requireTerraform(context);
  const folder = mkdtempSync(join(tmpdir(), "pg-dist-half-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const declare = (name: string) => {
    const volume = { triggers_replace: [name], lifecycle: { prevent_destroy: true } };
    writeFileSync(
      join(folder, "cdk.tf.json"),
      JSON.stringify({ resource: { terraform_data: { volume, other: { input: name } } } }),
    );
  };
  declare("one");
  const terraform = new Terraform(folder, { ...process.env, TF_CLI_CONFIG_FILE: "/dev/null" });
  await terraform.init();
  const file = join(folder, "plan");
  await terraform.plan(file);
  await terraform.apply(file);
  declare("another");
  const error = await terraform.plan(file).catch((failed: unknown) => failed);
  expect(error).toBeInstanceOf(HalfPlan);
  const { plan, exitCode, summary } = error as HalfPlan;
  expect(exitCode).toBe(4);
  expect(summary).toMatch(/terraform_data\.volume would be destroyed, which the environment protects/);
  expect(plan).toMatchObject({ errored: true });
  expect(plan.resource_changes?.map(({ address }) => address)).toContain("terraform_data.volume");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
