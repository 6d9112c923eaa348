import type { Environment } from "../environment";
import type { Report } from "./problem";

/** Backend arguments that hold a secret: they would stand in the synthesized JSON and in every plan file. */
const SECRET_ARGUMENTS = new Set([
  ...["access_key", "secret_key", "secret_id", "client_key", "client_private_key_pem"],
  ...["token", "access_token", "security_token", "sas_token", "oidc_token", "oidc_request_token"],
  ...["password", "client_secret", "client_certificate_password", "credentials", "http_auth"],
  ...["encryption_key", "sse_customer_key"],
]);

/** In a URL's query or in PostgreSQL's `host=... password=...`. */
const PASSWORD_PARAMETER = /(^|[\s?&])(ssl)?password\s*=/i;

export function checkBackend({ backend }: Environment, report: Report): void {
  if (backend === undefined) return;
  if (backend.type === "local") {
    if (backend.path !== undefined) checkPath(backend.path, report);
    return;
  }
  if (backend.type === "cloud") {
    if (backend.organization === "")
      report("backend.organization", `is empty: give the organization in HCP Terraform`);
    if (backend.workspace === "")
      report("backend.workspace", `is empty: each environment needs a workspace of its own`);
    return;
  }
  for (const [name, value] of Object.entries(backend.config)) {
    if (SECRET_ARGUMENTS.has(name)) {
      report(
        `backend.config.${name}`,
        `is a secret, and the configuration is not: pass it to Terraform in an environment variable`,
      );
    } else if (typeof value === "string" && holdsPassword(value)) {
      report(
        `backend.config.${name}`,
        `contains a password: pass it to Terraform in an environment variable (e.g. PG_CONN_STR)`,
      );
    }
  }
}

function checkPath(path: string, report: Report): void {
  if (path.startsWith("/") || /(^|\/)(\.\.|cdktf\.out)(\/|$)/.test(path)) {
    report(
      "backend.path",
      `"${path}" must be inside the project's folder and outside of cdktf.out, which cdktf clears`,
    );
  } else if (/(^|\/)\.?$/.test(path)) {
    report("backend.path", `"${path}" does not name a file: write e.g. state/production.tfstate`);
  }
}

function holdsPassword(text: string): boolean {
  return PASSWORD_PARAMETER.test(text) || (URL.canParse(text) && new URL(text).password !== "");
}
