import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findToken, tokenVariables } from "../../../../operations/terraform/cloud/token";

describe("the token for a server", () => {
  let home = "";
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "pg-dist-home-"));
    mkdirSync(join(home, ".terraform.d"));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it.each([
    ["app.terraform.io", "TF_TOKEN_app_terraform_io"],
    ["tfe.my-company.com", "TF_TOKEN_tfe_my__company_com"],
    ["tfe.my-company.com", "TF_TOKEN_tfe_my-company_com"],
  ])("of %s is in %s", (hostname, name) => {
    expect(findToken(hostname, { HOME: home, [name]: "t1" })).toBe("t1");
    expect(tokenVariables(hostname)).toContain(name);
  });

  it("is in what `terraform login` wrote", () => {
    const credentials = { credentials: { "app.terraform.io": { token: "t2" } } };
    writeFileSync(join(home, ".terraform.d", "credentials.tfrc.json"), JSON.stringify(credentials));
    expect(findToken("app.terraform.io", { HOME: home })).toBe("t2");
    expect(findToken("tfe.example.com", { HOME: home })).toBeUndefined();
  });

  it("is in the configuration of the command line, and a variable goes before it", () => {
    const file = join(home, "other.tfrc");
    const text = `disable_checkpoint = true\ncredentials "tfe.example.com:8443" {\n  token = "t3"\n}\ncredentials "tfe.example.com" { token = "t4" }\n`;
    writeFileSync(file, text);
    const env = { HOME: home, TF_CLI_CONFIG_FILE: file };
    expect(findToken("tfe.example.com:8443", env)).toBe("t3");
    expect(findToken("tfe.example.com", env)).toBe("t4");
    expect(findToken("tfe.example.com", { ...env, TF_TOKEN_tfe_example_com: "t5" })).toBe("t5");
    writeFileSync(join(home, ".terraformrc"), text);
    expect(findToken("tfe.example.com", { HOME: home })).toBe("t4");
  });

  it("is nowhere where the files are missing or broken", () => {
    writeFileSync(join(home, ".terraform.d", "credentials.tfrc.json"), "{");
    expect(
      findToken("app.terraform.io", { HOME: home, TF_CLI_CONFIG_FILE: join(home, "none") }),
    ).toBeUndefined();
  });
});
