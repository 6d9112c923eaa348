import { describe } from "vitest";
import { refused } from "./refused";
import { minimal } from "./samples";

describe("the backend", () => {
  for (const path of ["/var/state", "../state", "cdktf.out/state"]) {
    refused(
      `a state in ${path}`,
      { ...minimal, backend: { type: "local", path } },
      `backend.path: "${path}" must be inside the project's folder and outside of cdktf.out, which cdktf clears.`,
    );
  }
  refused(
    "no organization",
    { ...minimal, backend: { type: "cloud", organization: "", workspace: "citus" } },
    "backend.organization: is empty: the organization of HCP Terraform.",
  );
  refused(
    "no workspace",
    { ...minimal, backend: { type: "cloud", organization: "acme", workspace: "" } },
    "backend.workspace: is empty: one workspace per environment.",
  );
  refused(
    "a secret argument of a backend",
    { ...minimal, backend: { type: "s3", config: { bucket: "state", secret_key: "not-shown" } } },
    "backend.config.secret_key: is a secret, and the configuration isn't: give it to Terraform through the process environment.",
  );
  refused(
    "a password in a backend's URL",
    { ...minimal, backend: { type: "pg", config: { conn_str: "postgres://tf:not-shown@db/state" } } },
    "backend.config.conn_str: holds a password in a URL: give it to Terraform through the process environment (e.g. PG_CONN_STR).",
  );
});
