import { password as ask } from "@inquirer/prompts";
import { type Credentials, ROLE_PASSWORD } from "../../base/caller/credentials";
import { ROLE_PASSWORDS } from "../../base/caller/role-passwords";
import { EXIT, Failure } from "../../base/failure";
import { quoteName } from "../../base/shown-words";

/**
 * A role's password: PGDIST_ROLE_PASSWORD where one role is meant, else its entry in TF_VAR_role_passwords, else asked on a
 * terminal. Never an argument: those are in the list of processes.
 *
 * @throws Failure (usage) where it is nowhere and nobody can be asked
 */
export async function rolePassword(role: string, only: boolean, credentials: Credentials): Promise<string> {
  const given = credentials.ofRole(role, only);
  if (given !== undefined) return given;
  const typed = await fromTerminal(role);
  if (typed) {
    credentials.learn(typed);
    return typed;
  }
  const single = only ? `${ROLE_PASSWORD}, or ` : "";
  throw new Failure(
    `no password for role ${quoteName(role)}`,
    `set ${single}its entry in ${ROLE_PASSWORDS} ({"role": "password"}), or run it on a terminal, which asks for it`,
    { exitCode: EXIT.usage },
  );
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
