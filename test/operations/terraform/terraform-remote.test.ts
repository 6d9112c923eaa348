import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RemoteRuns } from "../../../operations/terraform/cloud/remote-runs";
import type { ApplyEvent } from "../../../operations/terraform/apply-events";
import { Terraform } from "../../../operations/terraform/terraform";
import { withSavedPlan } from "../../../operations/terraform/with-saved-plan";

const PLAN = { terraform_version: "1.11.4", resource_changes: [] };
const RUN = "https://app.terraform.io/app/acme/production/runs/run-1";

/** Says what a remote run prints, and writes down how it was called. */
const FAKE = `#!/usr/bin/env node
const { appendFileSync, writeFileSync } = require("node:fs");
const [command, ...args] = process.argv.slice(2);
const { TF_VAR_postgres_password: password, TF_VAR_size: size } = process.env;
appendFileSync("calls", JSON.stringify({ command, args, password, size }) + "\\n");
const out = args.find((each) => each.startsWith("-out="));
console.log("\\u001b[33mTo view this run in a browser, visit:\\n${RUN}\\u001b[0m\\nWaiting for 1 run(s) to finish before being queued...");
if (out) writeFileSync(out.slice(5), '{"remote_plan_format":1,"run_id":"run-1","hostname":"app.terraform.io"}');
if (command === "apply") {
  console.log("docker_volume.a_worker1: Creating...\\ndocker_volume.a_worker1: Creation complete after 1s [id=v]");
  const frame = process.env.FAIL ?? "";
  if (frame !== "") console.log(frame);
  process.exitCode = process.env.CODE ?? 0;
}
`;

interface Call {
  readonly command: string;
  readonly args: readonly string[];
  readonly password?: string;
  readonly size?: string;
}

describe("Terraform whose runs a server makes", () => {
  let folder = "";
  let discarded: string[] = [];
  const env = () => ({
    PATH: process.env.PATH,
    TERRAFORM_BINARY_NAME: join(folder, "terraform"),
    ...{ TF_VAR_postgres_password: "not-for-the-server", TF_VAR_size: "7" },
  });
  const calls = () =>
    readFileSync(join(folder, "calls"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Call);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pg-dist-remote-"));
    const variable = { postgres_password: { sensitive: true, default: "" }, size: {} };
    const cloud = { organization: "acme", workspaces: { name: "production" } };
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ variable, terraform: { cloud } }));
    writeFileSync(join(folder, "terraform"), FAKE);
    chmodSync(join(folder, "terraform"), 0o755);
    const workspace = { hostname: "app.terraform.io", organization: "acme", name: "production" };
    discarded = [];
    const discard = (run: string) => Promise.resolve(discarded.push(run) > 0);
    const runs = {
      workspace,
      discard,
      readPlan: (run: string) => Promise.resolve({ ...PLAN, timestamp: run }),
    };
    vi.spyOn(RemoteRuns, "open").mockResolvedValue(runs as unknown as RemoteRuns);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("plans there, and keeps this shell's secrets here", async () => {
    const told: unknown[] = [];
    const plan = await new Terraform(folder, env()).plan(join(folder, "plan"), [], {
      progress: (text) => told.push(text),
    });
    expect(plan).toEqual({ ...PLAN, timestamp: "run-1" });
    expect(told).toEqual([`run ${RUN}`, "Waiting for 1 run(s) to finish before being queued..."]);
    expect(calls()).toEqual([
      { command: "plan", args: ["-input=false", "-no-color", `-out=${join(folder, "plan")}`], size: "7" },
    ]);
  });

  it("only looks, by a run that nobody can confirm", async () => {
    const plan = await new Terraform(folder, env()).plan(join(folder, "plan"), [], { speculative: true });
    expect(plan.timestamp).toBe("run-1");
    expect(calls().map(({ args }) => args)).toEqual([["-input=false", "-no-color"]]);
  });

  it("applies there, and tells what happens", async () => {
    const terraform = new Terraform(folder, env());
    const file = join(folder, "plan");
    await terraform.plan(file);
    expect(await terraform.show(file)).toEqual({ ...PLAN, timestamp: "run-1" });
    const events: ApplyEvent[] = [];
    await terraform.apply(file, { onEvent: (event) => events.push(event) });
    expect(events.map(({ event }) => event)).toEqual(["begun", "done"]);
    expect(calls().at(-1)).toEqual({ command: "apply", args: ["-json", "-input=false", file], size: "7" });
  });

  it("takes a run without changes for applied, as a plan that was made here", async () => {
    const file = join(folder, "plan");
    const diagnostic = { severity: "error", summary: "Saved plan has no changes", detail: "" };
    const FAIL = JSON.stringify({ type: "diagnostic", diagnostic });
    const terraform = new Terraform(folder, { ...env(), FAIL, CODE: "1" });
    await terraform.plan(file);
    await terraform.apply(file);
    expect(calls().at(-1)?.command).toBe("apply");
  });

  it("has the run of a plan that is dropped discarded, whatever happened", async () => {
    const terraform = new Terraform(folder, env());
    await expect(
      withSavedPlan(terraform, async (file) => {
        await terraform.plan(file);
        throw new Error("refused");
      }),
    ).rejects.toThrow("refused");
    expect(discarded).toEqual(["run-1"]);
  });

  it("says why a run failed, once, and where to look where nobody knows", async () => {
    const file = join(folder, "plan");
    const error =
      "╷\\n│ Error: local-exec provisioner error\\n│ \\n│ exit status 1. Output: pg-dist: too few workers: add\\n│ one\\n╵";
    const failing = (text: string) =>
      new Terraform(folder, { ...env(), FAIL: text.replaceAll("\\n", "\n"), CODE: "1" });
    await failing("").plan(file);
    await expect(
      failing(`${error}\\n\\nError: exit status 1: Error: local-exec provisioner error`).apply(file),
    ).rejects.toMatchObject({ summary: "too few workers: add one" });
    await expect(failing("").apply(file)).rejects.toMatchObject({
      summary: "run run-1 failed, and Terraform reports no error",
      remedy: `see its page: ${RUN}`,
    });
  });
});
