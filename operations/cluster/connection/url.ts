import { EXIT, Failure } from "../../base/failure";
import type { Remedy } from "../../base/remedy";

/** A server that is given by address instead of an environment. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/**
 * Takes `postgres://user@host:port/database` apart. Without a part it is libpq's default for the port, and for the others
 * this project's: user `postgres`, and a database of the user's name.
 *
 * @throws Failure (usage) for anything else, above all for a password in it
 */
export function parseUrl(text: string): Address {
  const wrong = (what: string, remedy: Remedy) => new Failure(what, remedy, { exitCode: EXIT.usage });
  const shape = "give postgres://user@host:port/database";
  if (!URL.canParse(text) || !/^postgres(ql)?:\/\//.test(text))
    throw wrong("--url is not a postgres:// URL", shape);
  const url = new URL(text);
  if (url.password !== "") {
    throw wrong(
      "--url has a password in it, which every user of this machine can read in the list of processes",
      "leave it out: set PGPASSWORD, enter it in ~/.pgpass, or answer the question on a terminal",
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw wrong(`--url has ${url.search}${url.hash}, which is not supported`, shape);
  }
  if (url.hostname === "") throw wrong("--url has no host", shape);
  const decode = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw wrong(
        `--url has ${part} in it, where a % must be followed by two hexadecimal digits`,
        "write a % itself as %25",
      );
    }
  };
  const user = decode(url.username) || "postgres";
  return {
    host: decode(url.hostname).replace(/^\[|\]$/g, ""),
    port: Number(url.port || 5432),
    user,
    database: decode(url.pathname.slice(1)) || user,
  };
}

/** As `--url` takes it, for a command line that is shown. */
export function formatUrl({ user, label }: { readonly user: string; readonly label: string }): string {
  return `postgres://${encodeURIComponent(user)}@${label}`;
}
