import { EXIT, Failure } from "../failure";
import { quoteName } from "../shown-words";

/** Of the roles that the environment names; JSON, role to password. Terraform's variable `role_passwords`. */
export const ROLE_PASSWORDS = "TF_VAR_role_passwords";

/**
 * All passwords in TF_VAR_role_passwords.
 *
 * @throws Failure (usage) where it is not JSON of that shape; never with its text
 */
export function parseRolePasswords(text: string | undefined): ReadonlyMap<string, string> {
  if (!text) return new Map();
  const wrong = (what: string) =>
    new Failure(`${ROLE_PASSWORDS} ${what}`, `set it to JSON, role to password: {"app": "..."}`, {
      exitCode: EXIT.usage,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("is not an object");
  const entries = Object.entries(value as Record<string, unknown>).map(([role, each]): [string, string] => {
    if (typeof each !== "string" || each === "")
      throw wrong(`has no text as the password of ${quoteName(role)}`);
    return [role, each];
  });
  return new Map(entries);
}
