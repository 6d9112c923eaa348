import { randomBytes } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { local } from "../../environments/local";
import { production } from "../../environments/production";
import { maximal } from "../model/samples";
import { synthesizedFiles } from "../synthesis";

afterEach(() => vi.unstubAllEnvs());

describe("what is synthesized", () => {
  it("holds no secret of the process environment", () => {
    const secret = randomBytes(12).toString("hex");
    for (const name of ["TF_VAR_postgres_password", "PGPASSWORD", "TF_VAR_docker_key", "PG_CONN_STR"]) {
      vi.stubEnv(name, `${name}-${secret}`);
    }
    const files = synthesizedFiles(local, production, maximal);
    expect(Object.keys(files).length).toBeGreaterThan(10);
    for (const [path, content] of Object.entries(files)) expect(content.includes(secret), path).toBe(false);
  });

  it("holds no path of this machine", () => {
    const files = synthesizedFiles(local, production, maximal);
    for (const [path, content] of Object.entries(files)) {
      for (const place of [process.cwd(), homedir(), tmpdir()]) {
        expect(new RegExp(`["' =]${place}/`).test(content), `${place} in ${path}`).toBe(false);
      }
    }
  });

  it("reads the password only where a node is made, as Terraform's variable", () => {
    const json = JSON.parse(synthesizedFiles(production)["stacks/production/cdk.tf.json"] ?? "");
    const containers = Object.values(json.resource.docker_container);
    delete json.resource.docker_container;
    expect(containers).toHaveLength(5);
    for (const container of containers)
      expect(JSON.stringify(container)).toContain("${var.postgres_password}");
    expect(JSON.stringify({ ...json, variable: undefined })).not.toContain("postgres_password");
  });
});
