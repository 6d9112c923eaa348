import { describe, expect, it } from "vitest";
import { problemsOf, refused } from "./refused";
import { minimal } from "./samples";

describe("the backend", () => {
  for (const path of ["/var/state", "../state", "cdktf.out/state"]) {
    refused(
      `a state in ${path}`,
      { ...minimal, backend: { type: "local", path } },
      `backend.path: "${path}" must be inside the project's folder and outside of cdktf.out, which cdktf clears`,
    );
  }
  for (const path of ["", ".", "state/", "state/.", "./"]) {
    refused(
      `a state in ${JSON.stringify(path)}, which is no file`,
      { ...minimal, backend: { type: "local", path } },
      `backend.path: "${path}" does not name a file: write e.g. state/production.tfstate`,
    );
  }
  refused(
    "no organization",
    { ...minimal, backend: { type: "cloud", organization: "", workspace: "citus" } },
    "backend.organization: is empty: give the organization in HCP Terraform",
  );
  refused(
    "no workspace",
    { ...minimal, backend: { type: "cloud", organization: "acme", workspace: "" } },
    "backend.workspace: is empty: each environment needs a workspace of its own",
  );
  for (const [type, argument] of [
    ["s3", "secret_key"],
    ["s3", "sse_customer_key"],
    ["gcs", "encryption_key"],
    ["azurerm", "oidc_token"],
    ["azurerm", "client_certificate_password"],
    ["oss", "security_token"],
    ["http", "client_private_key_pem"],
    ["consul", "http_auth"],
  ] as const) {
    refused(
      `the secret argument ${argument}`,
      { ...minimal, backend: { type, config: { bucket: "state", [argument]: "not-shown" } } },
      `backend.config.${argument}: is a secret, and the configuration is not: pass it to Terraform in an environment variable`,
    );
  }
  for (const connection of [
    "postgres://tf:not-shown@db/state",
    "postgres://db/state?user=tf&password=not-shown",
    "host=db user=tf password=not-shown",
    "password = 'not-shown' host=db",
  ]) {
    refused(
      `a password in ${connection}`,
      { ...minimal, backend: { type: "pg", config: { conn_str: connection } } },
      "backend.config.conn_str: contains a password: pass it to Terraform in an environment variable (e.g. PG_CONN_STR)",
    );
  }

  it("may name what holds a secret elsewhere", () => {
    const config = { bucket: "state", kms_encryption_key: "projects/x", password_file: "/run/secrets/x" };
    expect(problemsOf({ ...minimal, backend: { type: "gcs", config } })).toEqual([]);
  });
});
