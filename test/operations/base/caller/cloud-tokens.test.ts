import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { callerOf } from "../../../../operations/base/caller/caller";
import { findToken, tokenVariables } from "../../../../operations/base/caller/cloud-tokens";

const valueOf = (...given: Parameters<typeof findToken>) => findToken(...given)?.value;

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
    expect(findToken(hostname, { HOME: home, [name]: "t1" })).toEqual({ value: "t1", source: name });
    expect(tokenVariables(hostname)).toContain(name);
  });

  it("is in what `terraform login` wrote", () => {
    const credentials = { credentials: { "app.terraform.io": { token: "t2" } } };
    writeFileSync(join(home, ".terraform.d", "credentials.tfrc.json"), JSON.stringify(credentials));
    expect(valueOf("app.terraform.io", { HOME: home })).toBe("t2");
    expect(findToken("tfe.example.com", { HOME: home })).toBeUndefined();
  });

  it("is taken out of what is printed, of whichever server it is", () => {
    const credentials = { credentials: { "tfe.example.com": { token: "s3cret-in-a-file" } } };
    writeFileSync(join(home, ".terraform.d", "credentials.tfrc.json"), JSON.stringify(credentials));
    expect(callerOf({ HOME: home }).redact("invalid header: Bearer s3cret-in-a-file")).toBe(
      "invalid header: Bearer ***",
    );
  });

  it("is in the configuration of the command line, and a variable goes before it", () => {
    const file = join(home, "other.tfrc");
    const text = `disable_checkpoint = true\ncredentials "tfe.example.com:8443" {\n  token = "t3"\n}\ncredentials "tfe.example.com" { token = "t4" }\n`;
    writeFileSync(file, text);
    const env = { HOME: home, TF_CLI_CONFIG_FILE: file };
    expect(findToken("tfe.example.com:8443", env)).toEqual({ value: "t3", source: file });
    expect(valueOf("tfe.example.com", env)).toBe("t4");
    expect(valueOf("tfe.example.com", { HOME: home, TERRAFORM_CONFIG: file })).toBe("t4");
    expect(valueOf("tfe.example.com", { ...env, TF_TOKEN_tfe_example_com: "t5" })).toBe("t5");
    writeFileSync(join(home, ".terraformrc"), text);
    expect(valueOf("tfe.example.com", { HOME: home })).toBe("t4");
    writeFileSync(join(home, ".terraformrc"), '{"credentials":{"tfe.example.com":{"token":"t6"}}}');
    expect(valueOf("tfe.example.com", { HOME: home })).toBe("t6");
  });

  it("is the last that Terraform reads, and of the file that the shell names alone", () => {
    writeFileSync(join(home, ".terraformrc"), 'credentials "tfe.example.com" { token = "old" }');
    writeFileSync(
      join(home, ".terraform.d", "credentials.tfrc.json"),
      '{"credentials":{"tfe.example.com":{"token":"new"}}}',
    );
    expect(valueOf("tfe.example.com", { HOME: home })).toBe("new");
    writeFileSync(join(home, "empty.tfrc"), "");
    const env = { HOME: home, TF_CLI_CONFIG_FILE: join(home, "empty.tfrc") };
    expect(findToken("tfe.example.com", env)).toBeUndefined();
  });

  it("is with OpenTofu in its own files, else in Terraform's, else in XDG's places", () => {
    const xdg = join(home, "xdg");
    mkdirSync(join(xdg, "opentofu"), { recursive: true });
    const block = (token: string) => `credentials "tfe.example.com" { token = "${token}" }`;
    const env = { HOME: home, XDG_CONFIG_HOME: xdg, TERRAFORM_BINARY_NAME: "/usr/bin/tofu" };
    writeFileSync(join(xdg, "opentofu", "tofurc"), block("xdg"));
    expect(valueOf("tfe.example.com", env)).toBe("xdg");
    writeFileSync(join(xdg, "opentofu", "more.tfrc"), block("piece"));
    expect(valueOf("tfe.example.com", env)).toBe("xdg");
    rmSync(join(home, ".terraform.d"), { recursive: true });
    expect(valueOf("tfe.example.com", env)).toBe("piece");
    rmSync(join(xdg, "opentofu", "more.tfrc"));
    writeFileSync(join(home, ".terraformrc"), block("terraform"));
    expect(valueOf("tfe.example.com", env)).toBe("terraform");
    writeFileSync(join(home, ".tofurc"), block("tofu"));
    expect(valueOf("tfe.example.com", env)).toBe("tofu");
    expect(valueOf("tfe.example.com", { HOME: home })).toBe("terraform");
  });

  it("is nowhere where the files are missing or broken", () => {
    writeFileSync(join(home, ".terraform.d", "credentials.tfrc.json"), "{");
    expect(
      findToken("app.terraform.io", { HOME: home, TF_CLI_CONFIG_FILE: join(home, "none") }),
    ).toBeUndefined();
  });
});
