import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findTerraform } from "../../quickstart/terraform.mjs";

describe("the command that runs the plans", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quickstart-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function install(name: string, mode = 0o755): void {
    writeFileSync(join(folder, name), "");
    chmodSync(join(folder, name), mode);
  }

  it("is terraform before tofu", () => {
    install("tofu");
    expect(findTerraform({ PATH: folder })).toBe("tofu");
    install("terraform");
    expect(findTerraform({ PATH: `/nowhere:${folder}` })).toBe("terraform");
  });

  it("is what TERRAFORM_BINARY_NAME names, by name or by path", () => {
    for (const name of ["terraform", "tofu"]) install(name);
    expect(findTerraform({ PATH: folder, TERRAFORM_BINARY_NAME: "tofu" })).toBe("tofu");
    const path = join(folder, "tofu");
    expect(findTerraform({ PATH: "", TERRAFORM_BINARY_NAME: path })).toBe(path);
  });

  it("an unknown TERRAFORM_BINARY_NAME is an error, even with terraform there", () => {
    install("terraform");
    expect(() => findTerraform({ PATH: folder, TERRAFORM_BINARY_NAME: "terrafrom" })).toThrow(
      /TERRAFORM_BINARY_NAME names terrafrom, which is no command in PATH/,
    );
  });

  it("without any, it says what to install", () => {
    expect(() => findTerraform({ PATH: folder })).toThrow(
      /neither terraform nor tofu is in PATH: install Terraform .* or OpenTofu/,
    );
  });
});
