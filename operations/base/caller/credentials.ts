import { Failure } from "../failure";
import { Redactor } from "./redactor";
import { ROLE_PASSWORDS, parseRolePasswords } from "./role-passwords";

/** The superuser's, as Terraform has it. */
export const SUPERUSER_PASSWORD = "TF_VAR_postgres_password";

/** As libpq has it. */
export const LIBPQ_PASSWORD = "PGPASSWORD";

/** Of the one role that a command is about. */
export const ROLE_PASSWORD = "PGDIST_ROLE_PASSWORD";

/** A password, and where it is from: `PGPASSWORD`, `.pgpass`. */
export interface Password {
  readonly value: string;
  readonly source: string;
}

/** Parts of the client's TLS material of a Docker host, as PEM. */
export const TLS_PARTS = ["ca", "cert", "key"] as const;

export type TlsPart = (typeof TLS_PARTS)[number];

/**
 * What a run may show to servers: taken from the process' variables once, where the program begins, and passed down. The
 * redactor knows all of it.
 */
export class Credentials {
  private constructor(
    private readonly given: Readonly<Partial<Record<string, string>>>,
    private readonly redactor: Redactor,
    /** The cluster's superuser's; undefined where no variable has it. */
    readonly superuser: Password | undefined,
  ) {}

  /** Those that the variables have. */
  static of(env: Readonly<NodeJS.ProcessEnv>, redactor = new Redactor()): Credentials {
    const given = Object.fromEntries(
      Object.entries(env).filter(
        ([name]) =>
          [SUPERUSER_PASSWORD, LIBPQ_PASSWORD, ROLE_PASSWORD, ROLE_PASSWORDS].includes(name) ||
          TLS_VARIABLE.test(name),
      ),
    );
    const credentials = new Credentials(
      given,
      redactor,
      passwordIn(given, SUPERUSER_PASSWORD) ?? passwordIn(given, LIBPQ_PASSWORD),
    );
    credentials.tellRedactor();
    return credentials;
  }

  /** For a server that is given by its address: what is meant for the environment's isn't sent there. */
  forAddress(): Credentials {
    return new Credentials(this.given, this.redactor, passwordIn(this.given, LIBPQ_PASSWORD));
  }

  /** With a superuser's password that was found elsewhere, e.g. typed. */
  withSuperuser(password: Password): Credentials {
    this.redactor.learn(password.value, 1);
    return new Credentials(this.given, this.redactor, password);
  }

  /**
   * The superuser's password.
   *
   * @throws Failure where there is none
   */
  requireSuperuser(): Password {
    if (this.superuser !== undefined) return this.superuser;
    throw new Failure(
      "no password for the cluster in the environment",
      "set TF_VAR_postgres_password (or PGPASSWORD) to the one that the coordinator has",
    );
  }

  /**
   * The password that is given for a role, undefined where none is.
   *
   * @param only whether the run is about this role alone, which PGDIST_ROLE_PASSWORD is for
   * @throws Failure (usage) where TF_VAR_role_passwords is not what it must be
   */
  ofRole(role: string, only = false): string | undefined {
    return (only ? this.given[ROLE_PASSWORD] : undefined) || this.ofRoles().get(role);
  }

  /** All that TF_VAR_role_passwords has. @throws Failure (usage) where it is not what it must be */
  ofRoles(): ReadonlyMap<string, string> {
    return parseRolePasswords(this.given[ROLE_PASSWORDS]);
  }

  /** A part of the TLS material of a Docker host, undefined where it is not given. @param prefix `tls` of the host */
  tls(prefix: string, part: TlsPart): string | undefined {
    return this.given[tlsVariable(prefix, part)] || undefined;
  }

  /** A secret that isn't in a variable, e.g. a role's password that was typed. */
  learn(secret: string): void {
    this.redactor.learn(secret);
  }

  /** What is wrong with a variable is said where it is used. */
  private tellRedactor(): void {
    this.redactor.learn(this.given[SUPERUSER_PASSWORD], 1);
    this.redactor.learn(this.given[LIBPQ_PASSWORD], 1);
    this.redactor.learn(this.given[ROLE_PASSWORD]);
    for (const password of passwordsIn(this.given[ROLE_PASSWORDS])) this.redactor.learn(password);
    for (const [name, pem = ""] of Object.entries(this.given))
      if (name.endsWith("_key")) for (const line of keyLines(pem)) this.redactor.learn(line);
  }
}

const TLS_VARIABLE = /^TF_VAR_.+_(?:ca|cert|key)$/;

/** The Terraform variable with a part of a Docker host's TLS material. */
export function tlsVariable(prefix: string, part: TlsPart): string {
  return `TF_VAR_${prefix}_${part}`;
}

function passwordIn(given: Readonly<Partial<Record<string, string>>>, source: string): Password | undefined {
  const value = given[source];
  return value ? { value, source } : undefined;
}

/** Of a private key in PEM; other variables may end so, too. */
function keyLines(pem: string): string[] {
  if (!pem.includes("PRIVATE KEY")) return [];
  return pem.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith("-----"));
}

/** Also where an entry is wrong. */
function passwordsIn(json: string | undefined): string[] {
  try {
    const value: unknown = JSON.parse(json ?? "{}");
    return Object.values(Object(value) as object).filter((each) => typeof each === "string");
  } catch {
    return [];
  }
}
