import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../operations/base/failure";
import { passwordFile, readPasswordFile } from "../operations/base/password-file";

/** As messages name it; `npm run` starts in the project's folder. */
export const PASSWORD_FILE = passwordFile("", "local");

export interface Password {
  readonly value: string;
  /** Where a person finds it. */
  readonly from: string;
}

/**
 * The superuser's password: TF_VAR_postgres_password, else the one in state/local.password, else, for a cluster that
 * is still to be made, a new random one in that file.
 *
 * @throws Failure when the cluster is there and its password isn't
 */
export function choosePassword(
  root: string,
  clusterExists: boolean,
  env: NodeJS.ProcessEnv = process.env,
): Password {
  const found = knownPassword(root, env);
  if (found !== undefined) return found;
  if (clusterExists) {
    throw new Failure(
      `the cluster exists, but its password is neither in TF_VAR_postgres_password nor in ${PASSWORD_FILE}`,
      "set TF_VAR_postgres_password to it, or destroy the cluster with: npm run quickstart -- --destroy",
    );
  }
  const value = randomPassword();
  const file = passwordFile(root, "local");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${value}\n`, { mode: 0o600, flag: "wx" });
  return { value, from: PASSWORD_FILE };
}

/** To take a cluster away its password isn't needed where the container itself can be entered; Terraform wants any. */
export function passwordToDestroy(root: string, env: NodeJS.ProcessEnv = process.env): string {
  return knownPassword(root, env)?.value ?? randomPassword();
}

export function forgetPassword(root: string): void {
  rmSync(passwordFile(root, "local"), { force: true });
}

function knownPassword(root: string, env: NodeJS.ProcessEnv): Password | undefined {
  const variable = env.TF_VAR_postgres_password;
  if (variable) return { value: variable, from: "TF_VAR_postgres_password" };
  const value = readPasswordFile(passwordFile(root, "local"));
  return value === undefined ? undefined : { value, from: PASSWORD_FILE };
}

function randomPassword(): string {
  return randomBytes(18).toString("base64url");
}
