import { Failure } from "../../base/failure";

/**
 * The superuser's password, from the process environment: never an argument, a trigger or a prompt.
 *
 * @throws Failure when it is in neither TF_VAR_postgres_password nor PGPASSWORD
 */
export function readPassword(env: NodeJS.ProcessEnv = process.env): string {
  const password = env["TF_VAR_postgres_password"] || env["PGPASSWORD"];
  if (!password) {
    throw new Failure(
      "no password for the cluster in the environment",
      "set TF_VAR_postgres_password (or PGPASSWORD) to the password that the nodes were created with",
    );
  }
  return password;
}

/** What must never be printed: the password, unless it is the name of PostgreSQL's own user and database. */
export function readSecrets(env: NodeJS.ProcessEnv): string[] {
  const secrets = [
    env["TF_VAR_postgres_password"],
    env["PGPASSWORD"],
    env["PGDIST_ROLE_PASSWORD"],
    ...rolePasswords(env),
  ];
  return secrets.filter((secret): secret is string => secret !== undefined && secret !== "postgres");
}

/** In characters. */
const SHORTEST = 4;

/**
 * Whatever else is wrong with the variable is said where it is used. Without a word so short that it would make every message
 * unreadable, and tell itself by that.
 */
function rolePasswords(env: NodeJS.ProcessEnv): string[] {
  try {
    const value: unknown = JSON.parse(env["TF_VAR_role_passwords"] ?? "{}");
    return Object.values(Object(value) as object).filter(
      (each): each is string => typeof each === "string" && each.length >= SHORTEST,
    );
  } catch {
    return [];
  }
}
