import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Testing } from "cdktf";
import { afterEach, describe, expect, it, vi } from "vitest";
import { findRedirections, withoutRedirections } from "../../model/redirections";
import { Terraform } from "../../operations/terraform/terraform";
import { CitusStack } from "../../stacks/citus-stack";
import { minimal } from "./samples";

const HARMLESS = {
  TF_WORKSPACE: "default",
  TF_DATA_DIR: ".terraform",
  TF_CLI_ARGS: "",
  TF_CLI_ARGS_init: "-backend-config=state.hcl -plugin-dir=/plugins -target=x",
  TF_CLI_ARGS_plan: "-parallelism=5 -lock-timeout=1m -var-file=state",
  TF_CLI_CONFIG_FILE: "/terraform.rc",
  TF_PLUGIN_CACHE_DIR: "/cache",
  TF_VAR_target: "-state",
};

const REDIRECTING = {
  TF_WORKSPACE: "staging",
  TF_DATA_DIR: "/tmp/data",
  TF_CLI_ARGS: "-chdir=/elsewhere",
  TF_CLI_ARGS_apply: "-parallelism=5 -state=other.tfstate",
  TF_CLI_ARGS_destroy: "'-target=docker_volume.a'",
  TF_CLI_ARGS_plan: "--destroy",
  TF_CLI_ARGS_state_rm: "-state other.tfstate",
};

afterEach(() => vi.unstubAllEnvs());

describe("variables of the shell that redirect Terraform", () => {
  it("are found, each with what to do, and no other is", () => {
    expect(findRedirections({}, HARMLESS)).toEqual([]);
    const found = findRedirections({}, REDIRECTING);
    expect(found.map((line) => line.split(/[ =]/)[0])).toEqual(Object.keys(REDIRECTING).sort());
    for (const line of found) expect(line).toContain("unset it");
  });

  it("may name the workspace that a cloud backend has itself", () => {
    const backend = { type: "cloud", organization: "o", workspace: "staging" } as const;
    expect(findRedirections({ backend }, { TF_WORKSPACE: "staging" })).toEqual([]);
    expect(findRedirections({ backend }, { TF_WORKSPACE: "production" })).toHaveLength(1);
  });

  it.each([
    ["TF_CLI_ARGS", "-var=postgres_password=s3cret", "-var"],
    ["TF_CLI_ARGS_plan", "-parallelism=5 -var 'postgres_password=s3cret'", "-var"],
    ["TF_CLI_ARGS_apply", "--var-file=s3cret.tfvars", "-var-file"],
  ])("may not give values to the runs of a server by %s=%s, which is not shown", (name, value, argument) => {
    const backend = { type: "cloud", organization: "o", workspace: "production" } as const;
    const [line, ...others] = findRedirections({ backend }, { [name]: value });
    expect(others).toEqual([]);
    expect(line).toMatch(new RegExp(`^${name} has ${argument}, .* workspace production: unset it, `));
    expect(line).not.toContain("s3cret");
    expect(findRedirections({ backend }, { TF_CLI_ARGS_init: value })).toEqual([]);
    expect(findRedirections({ backend }, { TF_CLI_ARGS_plan: "-parallelism=5 -variance" })).toEqual([]);
    expect(findRedirections({}, { [name]: value })).toEqual([]);
    const [redirecting] = findRedirections({}, { [name]: `${value} -state=x` });
    expect(redirecting).toBe(`${name} would give every such command -state: unset it`);
  });

  it("don't reach the Terraform that our own commands run", () => {
    expect(withoutRedirections({ ...REDIRECTING, PATH: "/bin" })).toEqual({ PATH: "/bin" });
    const { TF_CLI_ARGS_init, TF_CLI_CONFIG_FILE, TF_PLUGIN_CACHE_DIR, TF_VAR_target } = HARMLESS;
    expect(withoutRedirections(HARMLESS)).toEqual({
      TF_CLI_ARGS_init,
      TF_CLI_CONFIG_FILE,
      TF_PLUGIN_CACHE_DIR,
      TF_VAR_target,
    });
  });

  it("don't reach it indeed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pg-dist-terraform-"));
    const binary = join(folder, "terraform");
    writeFileSync(binary, "#!/bin/sh\nenv > environment\n");
    chmodSync(binary, 0o755);
    await new Terraform(folder, { ...REDIRECTING, PATH: "/bin", TERRAFORM_BINARY_NAME: binary }).init();
    const environment = readFileSync(join(folder, "environment"), "utf8");
    rmSync(folder, { recursive: true });
    expect(environment).toContain("TF_INPUT=0");
    expect(environment).not.toMatch(/TF_WORKSPACE|TF_DATA_DIR|TF_CLI_ARGS/);
  });

  it("are refused at synth, with which every deploy begins", () => {
    const synth = () => {
      const app = new App({ outdir: Testing.app().outdir });
      new CitusStack(app, minimal);
      app.synth();
    };
    synth();
    vi.stubEnv("TF_WORKSPACE", "staging");
    expect(synth).toThrow(/TF_WORKSPACE=staging would keep this environment's state elsewhere.*unset it/s);
  });
});
