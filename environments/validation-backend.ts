import type { Environment } from "./environment";
import type { Report } from "./problem";

/** Backend arguments that hold a secret: they would stand in the synthesized JSON and in every plan file. */
const SECRET_ARGUMENTS =
  /^(access_key|secret_key|token|sas_token|password|credentials|access_token|client_secret|secret_id|client_key)$/;

export function checkBackend({ backend }: Environment, report: Report): void {
  if (backend === undefined) return;
  if (backend.type === "local") {
    if (
      backend.path !== undefined &&
      (backend.path.startsWith("/") || /(^|\/)(\.\.|cdktf\.out)(\/|$)/.test(backend.path))
    ) {
      report(
        "backend.path",
        `"${backend.path}" must be inside the project's folder and outside of cdktf.out, which cdktf clears.`,
      );
    }
    return;
  }
  if (backend.type === "cloud") {
    if (backend.organization === "")
      report("backend.organization", `is empty: the organization of HCP Terraform.`);
    if (backend.workspace === "") report("backend.workspace", `is empty: one workspace per environment.`);
    return;
  }
  for (const [name, value] of Object.entries(backend.config)) {
    if (SECRET_ARGUMENTS.test(name)) {
      report(
        `backend.config.${name}`,
        `is a secret, and the configuration isn't: give it to Terraform through the process environment.`,
      );
    } else if (typeof value === "string" && URL.canParse(value) && new URL(value).password !== "") {
      report(
        `backend.config.${name}`,
        `holds a password in a URL: give it to Terraform through the process environment (e.g. PG_CONN_STR).`,
      );
    }
  }
}
