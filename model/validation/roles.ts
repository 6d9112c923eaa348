import { LONGEST_NAME } from "../contract/longest-name";
import type { Environment } from "../environment";
import type { Report } from "./problem";

/** Roles whose passwords are stored; any name that PostgreSQL takes may be one. */
export function checkRoles({ roles = [], user = "postgres" }: Environment, report: Report): void {
  for (const [index, role] of roles.entries()) {
    const field = `roles.${index}`;
    // A longer name is cut, and is then another role's, or none's.
    if (role === "" || role.includes("\0") || Buffer.byteLength(role) > LONGEST_NAME)
      report(field, `"${role}" must be the name of a role, of 1 to ${LONGEST_NAME} bytes`);
    else if (role === user)
      report(field, `"${role}" is the superuser, whose password is TF_VAR_postgres_password: leave it out`);
    else if (role.startsWith("pg_"))
      report(
        field,
        `"${role}": PostgreSQL reserves names that start with "pg_", and none of these can log in`,
      );
    else if (roles.indexOf(role) !== index) report(field, `"${role}" is listed twice`);
  }
}
