import { password as ask } from "@inquirer/prompts";
import type { Password } from "../base/caller/credentials";
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
  /** Variables that were looked at before, for the message. */
  readonly names: readonly string[];
}

/**
 * The superuser's password where no variable has it: from the environment's file, else from .pgpass (PGPASSFILE), else asked
 * on a terminal.
 *
 * @throws Failure where it is nowhere and nobody can be asked
 */
export async function findPassword(login: Login): Promise<Password> {
  const { file, label, names } = login;
  const own = file === undefined ? undefined : readPasswordFile(file);
  if (file !== undefined && own !== undefined) return { value: own, source: file };
  const listed = await fromPgpass(login);
  if (listed !== undefined) return { value: listed, source: ".pgpass" };
  const typed = await fromTerminal(login);
  if (typed) return { value: typed, source: "the terminal" };
  throw new Failure(
    `no password for ${label}`,
    `set ${names.join(" or ")}, enter it in ~/.pgpass (or PGPASSFILE), or run it on a terminal, which asks for it`,
  );
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
