import { password as ask } from "@inquirer/prompts";
import { EXIT, Failure } from "../../base/failure";
import { quoteName } from "../../base/shown-words";
import { ROLE_PASSWORDS, readRolePasswords } from "./role-passwords";

/** Of the one role that a command is about. */
export const ROLE_PASSWORD = "PGDIST_ROLE_PASSWORD";

/**
 * A role's password: PGDIST_ROLE_PASSWORD where one role is meant, else its entry in TF_VAR_role_passwords, else asked on a
 * terminal. Never an argument: those are in the list of processes.
 *
 * @throws Failure (usage) where it is nowhere and nobody can be asked
 */
export async function rolePassword(role: string, only: boolean, env: NodeJS.ProcessEnv): Promise<string> {
  const found = given(role, only, env) ?? (await fromTerminal(role));
  if (found) return found;
  const single = only ? `${ROLE_PASSWORD}, or ` : "";
  throw new Failure(
    `no password for role ${quoteName(role)}`,
    `set ${single}its entry in ${ROLE_PASSWORDS} ({"role": "password"}), or run it on a terminal, where it is asked`,
    { exitCode: EXIT.usage },
  );
}

function given(role: string, only: boolean, env: NodeJS.ProcessEnv): string | undefined {
  return (only ? env[ROLE_PASSWORD] : undefined) || readRolePasswords(env).get(role);
}

/** Whether the process' environment has it. */
export function isGiven(role: string, only: boolean, env: NodeJS.ProcessEnv): boolean {
  return given(role, only, env) !== undefined;
}

async function fromTerminal(role: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  try {
    const message = `Password of role ${quoteName(role)}:`;
    return await ask({ message, mask: true }, { output: process.stderr });
  } catch {
    // Ctrl-C, Ctrl-D
    return undefined;
  }
}
