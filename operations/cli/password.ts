import { password as ask } from "@inquirer/prompts";
import pgpass from "pgpass";
import type { Endpoint } from "../../model/cluster";
import { Failure } from "../base/failure";
import { readPasswordFile } from "../base/password-file";

/** Whom the password is for. */
export interface Login {
  readonly user: string;
  readonly database: string;
  /** Every address under which .pgpass may know the server, the likeliest first. */
  readonly endpoints: readonly Endpoint[];
  /** For the question: the environment, or the address. */
  readonly label: string;
  /** Of an environment: where quickstart keeps the password that it made. */
  readonly file?: string;
}

/**
 * Puts the cluster's password into this process' environment as PGPASSWORD, where the sessions, the redaction of
 * messages and `psql` find it: what is there already, else from the environment's file, else from .pgpass (PGPASSFILE),
 * else asked on a terminal.
 *
 * @param names variables that count as there
 * @throws Failure where it is nowhere and nobody can be asked
 */
export async function providePassword(
  login: Login,
  names: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  if (names.some((name) => env[name])) return;
  const own = login.file === undefined ? undefined : readPasswordFile(login.file);
  const found = own ?? (await fromPgpass(login)) ?? (await fromTerminal(login));
  if (!found) {
    throw new Failure(
      `no password for ${login.label}`,
      `set ${names.join(" or ")}, enter it in ~/.pgpass (or PGPASSFILE), or run it on a terminal, where it is asked`,
    );
  }
  env["PGPASSWORD"] = found;
}

async function fromPgpass({ user, database, endpoints }: Login): Promise<string | undefined> {
  for (const { host, port } of endpoints) {
    const found = await new Promise<string | undefined>((resolve) =>
      pgpass({ host, port, user, database }, resolve),
    );
    if (found) return found;
  }
  return undefined;
}

/** Asked on standard error: standard output may be read by a program. */
async function fromTerminal({ user, label }: Login): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  try {
    return await ask(
      { message: `Password of ${user} for ${label}:`, mask: true },
      { output: process.stderr },
    );
  } catch {
    // Ctrl-C, Ctrl-D
    return undefined;
  }
}
